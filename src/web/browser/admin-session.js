// What lets this tab use the admin routes: a token that was typed in, or those of a login by name and
// password, of which the access token is renewed when it has expired.

import { tokenStore } from "./token-store.js";

const ANSWER_MS_MAX = 8000;

export class AdminSession {
  #access = tokenStore("api-token");
  #refresh = tokenStore("api-refresh-token");

  get hasToken() {
    return this.#access.get() !== "";
  }

  useToken(token) {
    this.#access.set(token);
    this.#refresh.set("");
  }

  /** GET with the token, once more with a new one where the old one has expired. */
  async get(path) {
    const response = await this.#send(path, this.#access.get());
    if (response.status !== 401 || !(await this.#renew())) return response;
    return await this.#send(path, this.#access.get());
  }

  /** Whether the server has a login by name and password. */
  async hasLogin() {
    const response = await this.#send("/api", "");
    const about = await response.json().catch(() => ({}));
    return Array.isArray(about.auths) && about.auths.includes("localjwt");
  }

  /** Resolves to undefined, or to the reason why not, in words. */
  async logIn(username, password) {
    const response = await fetch("/api/login", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ username, password }),
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
    const body = await response.json().catch(() => ({}));
    if (response.ok) {
      this.#access.set(body.access_token);
      this.#refresh.set(body.refresh_token);
      return undefined;
    }
    if (response.status === 401) return "Name or password is wrong.";
    const seconds = response.headers.get("retry-after");
    if (response.status === 429) return `Too many attempts. Try again in ${seconds} s.`;
    return `The server refuses the login (${response.status}): ${body.detail ?? response.statusText}`;
  }

  async #renew() {
    const refresh = this.#refresh.get();
    if (refresh === "") return false;
    const response = await this.#send("/api/login/refresh", refresh);
    if (!response.ok) {
      this.useToken("");
      return false;
    }
    this.#access.set((await response.json()).access_token);
    return true;
  }

  #send(path, token) {
    return fetch(path, {
      headers: token === "" ? {} : { Authorization: `Bearer ${token}` },
      cache: "no-store",
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
  }
}
