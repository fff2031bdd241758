// Pages live behind the hash, so the server needs to know one file only.

//   #/   #/twins   #/twins/ID   #/edges/EDGE   #/edges/EDGE/twins/ID   #/functions ...

export interface Route {
  page: string;   // '' is the overview
  id: string;     // what the page is about; '' for a list
  edge?: string;  // whose twin it is, at a coordinator
}

export function parseHash(hash: string): Route {
  const [page = '', id = '', below, twin] = hash.replace(/^#?\/?/, '').split('/').map(decoded);
  return page === 'edges' && below === 'twins' && twin ? { page: 'twins', id: twin, edge: id } : { page, id };
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

export function link(page: string, id = ''): string {
  return `#/${page}${id ? `/${encodeURIComponent(id)}` : ''}`;
}

export function twinLink(id: string, edge?: string): string {
  return edge ? `${link('edges', edge)}/twins/${encodeURIComponent(id)}` : link('twins', id);
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
