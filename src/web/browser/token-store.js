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

/** The token that a link brought along for one stream, else the one that was typed in for all of them. */
export function streamTokenStore(streamId) {
  const own = tokenStore(`whep-token.${streamId}`);
  const shared = tokenStore("whep-token");
  return {
    get: () => own.get() || shared.get(),
    typed(token) {
      own.set("");
      shared.set(token);
    },
    brought: (token) => own.set(token),
  };
}

/** The token in a fragment `#token=…`, undefined where there is none. */
export function tokenOfFragment(fragment) {
  return new URLSearchParams(fragment.replace(/^#/, "")).get("token") ?? undefined;
}
