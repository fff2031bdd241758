// Pages live behind the hash, so the server needs to know one file only.

export interface Route {
  page: string;  // '' is the overview
  id: string;    // what the page is about, decoded; '' for a list
}

export function parseHash(hash: string): Route {
  const [page = '', ...rest] = hash.replace(/^#?\/?/, '').split('/');
  try {
    return { page, id: decodeURIComponent(rest.join('/')) };
  } catch {
    return { page, id: rest.join('/') };
  }
}

export function link(page: string, id = ''): string {
  return `#/${page}${id ? `/${encodeURIComponent(id)}` : ''}`;
}

class Router {
  route = $state.raw<Route>(parseHash(location.hash));
  constructor() {
    addEventListener('hashchange', () => {
      this.route = parseHash(location.hash);
    });
  }
}

export const router = new Router();
