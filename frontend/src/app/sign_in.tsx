// The door: a name and its password.
import { type SyntheticEvent, useState } from "react";
import { lineOf } from "../api/problem";
import { login } from "../auth/session";

export function SignIn() {
  const [problem, setProblem] = useState("");
  const [isBusy, setBusy] = useState(false);

  const submit = async (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string) => {
      const value = form.get(name);
      return typeof value === "string" ? value : "";
    };
    setBusy(true);
    setProblem("");
    try {
      await login(text("username"), text("password"));
    } catch (error) {
      setProblem(lineOf(error));
      setBusy(false);
    }
  };

  return (
    <main className="door">
      <form onSubmit={(event) => void submit(event)}>
        <h1>Trade2026</h1>
        <label className="field">
          Name
          <input name="username" autoComplete="username" defaultValue="admin" required />
        </label>
        <label className="field">
          Password
          {/* The first thing to do here is to type it. */}
          <input
            name="password"
            type="password"
            autoComplete="current-password"
            required
            ref={(input) => input?.focus()}
          />
        </label>
        <button type="submit" className="send buy" disabled={isBusy}>
          {isBusy ? "Signing in …" : "Sign in"}
        </button>
        <div role="alert" className="danger">
          {problem}
        </div>
        <span className="dim">
          The first start of the platform prints the password of <kbd>admin</kbd>.
        </span>
      </form>
    </main>
  );
}
