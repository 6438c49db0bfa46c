/* Asks for the token that the server wants. */
import { useState } from "preact/hooks";
import { login } from "./state";

export function Login({ refused }: { refused: boolean }) {
  const [token, setToken] = useState("");
  const submit = (e: Event) => {
    e.preventDefault();
    void login(token.trim());
  };
  return (
    <main class="middle">
      <h1>mailproof sink</h1>
      <form class="card" onSubmit={submit}>
        <label for="token">Token</label>
        <input
          id="token"
          type="password"
          autocomplete="off"
          spellcheck={false}
          required
          autofocus
          value={token}
          aria-describedby="token-help"
          aria-invalid={refused}
          onInput={(e) => setToken(e.currentTarget.value)}
        />
        {refused && (
          <p class="error" role="alert">
            This token opens nothing here.
          </p>
        )}
        <p id="token-help" class="quiet">
          That of the server, or of one inbox: then you see only this inbox. It is kept for this tab
          and forgotten when the tab is closed.
        </p>
        <button class="main">Open</button>
      </form>
    </main>
  );
}
