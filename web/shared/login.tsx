/* Asks for the token that the server wants. */
import { useState } from "preact/hooks";

interface Props {
  title: string;
  help: string;
  refused: string | null; /* why */
  login: (token: string) => void;
}

export function Login({ title, help, refused, login }: Props) {
  const [token, setToken] = useState("");
  const submit = (e: Event) => {
    e.preventDefault();
    login(token.trim());
  };
  return (
    <main class="middle">
      <h1>{title}</h1>
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
          aria-invalid={refused !== null}
          onInput={(e) => setToken(e.currentTarget.value)}
        />
        {refused !== null && (
          <p class="error" role="alert">
            {refused}
          </p>
        )}
        <p id="token-help" class="quiet">
          {help}
        </p>
        <button class="main">Open</button>
      </form>
    </main>
  );
}
