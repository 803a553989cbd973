// One access token for this tab. Some privacy settings forbid sessionStorage: then it lives
// until the page is left.

export function tokenStore(name) {
  const key = `dragonfork.${name}`;
  let kept = "";
  return {
    get() {
      try {
        return sessionStorage.getItem(key) ?? kept;
      } catch {
        return kept;
      }
    },
    set(token) {
      kept = token;
      try {
        sessionStorage.setItem(key, token);
      } catch {
        // Kept in memory.
      }
    },
  };
}
