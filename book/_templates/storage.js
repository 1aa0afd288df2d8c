// A browser may refuse a page its storage: a private window, a setting, a page from a folder. To touch
// it is an error then, in the theme's scripts before all others. Such a page gets a storage of its own,
// which forgets what it holds when the page closes.
for (const name of ["localStorage", "sessionStorage"]) {
  try {
    window[name].setItem("may-store", "");
    window[name].removeItem("may-store");
  } catch {
    const kept = new Map();
    const value = {
      getItem: (key) => kept.get(String(key)) ?? null,
      setItem: (key, text) => void kept.set(String(key), String(text)),
      removeItem: (key) => void kept.delete(String(key)),
      clear: () => kept.clear(),
      key: (i) => [...kept.keys()][i] ?? null,
      get length() {
        return kept.size;
      },
    };
    Object.defineProperty(window, name, { value, configurable: true });
  }
}
