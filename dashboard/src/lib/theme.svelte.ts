// Light, dark, or as the system says. The choice is remembered by the browser.

export type Theme = 'auto' | 'light' | 'dark';

const key = 'doppel-theme';
const order: Theme[] = ['auto', 'light', 'dark'];
const system = matchMedia('(prefers-color-scheme: dark)');

class ThemeChoice {
  choice = $state<Theme>(order.find((theme) => theme === localStorage.getItem(key)) ?? 'auto');
  private systemDark = $state(system.matches);
  // What is on the screen: charts are painted anew when it changes.
  readonly dark = $derived(this.choice === 'auto' ? this.systemDark : this.choice === 'dark');

  constructor() {
    system.addEventListener('change', () => {
      this.systemDark = system.matches;
    });
    this.apply();
  }

  next(): void {
    this.choice = order[(order.indexOf(this.choice) + 1) % order.length] ?? 'auto';
    localStorage.setItem(key, this.choice);
    this.apply();
  }

  private apply(): void {
    document.documentElement.dataset.theme = this.choice;
  }
}

export const theme = new ThemeChoice();

// A CSS colour variable as the browser computes it now: what a canvas can paint with.
export function cssColor(name: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const color = getComputedStyle(probe).color;
  probe.remove();
  return color;
}
