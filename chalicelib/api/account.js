// The page behind a mail's link. The token stands after the "#", so no server and no log has seen it yet.
const pages = {
  "verify-email": { title: "Confirm your e-mail address", button: "Confirm", to: "../v1/auth/verify-email", done: "Your address is confirmed." },
  "password-reset": { title: "Choose a new password", button: "Choose it", to: "../v1/auth/password-reset/confirm", done: "Your password is changed. Sign in with the new one." },
};
const name = location.pathname.split("/").pop();
const page = pages[name];
const token = decodeURIComponent(location.hash.slice(1));
const [title, form, field, password, button, outcome] =
  ["title", "form", "field", "password", "button", "outcome"].map((id) => document.getElementById(id));

title.textContent = document.title = page.title;
button.textContent = page.button;
field.hidden = name !== "password-reset";
password.required = !field.hidden;
form.hidden = !token;
outcome.textContent = token ? "" : "This link is not whole: open it from the mail again.";
history.replaceState(null, "", location.pathname);

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  const body = field.hidden ? { token } : { token, new_password: password.value };
  const headers = { "Content-Type": "application/json" };
  try {
    const answer = await fetch(page.to, { method: "POST", headers, body: JSON.stringify(body) });
    form.hidden = answer.ok || answer.status === 410;
    outcome.textContent = answer.ok ? page.done : (await answer.json()).detail;
  } catch {
    outcome.textContent = "The library does not answer. Try again in a minute.";
  }
  button.disabled = false;
});
