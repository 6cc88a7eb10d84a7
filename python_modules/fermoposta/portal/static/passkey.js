"use strict";
// Passkeys (WebAuthn Level 3): a form with data-passkey asks the browser for one, and sends it.
// Without scripts, or where the browser has no passkeys, such forms stay hidden.
(() => {
  const toBytes = (text) =>
    Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (each) => each.charCodeAt(0));
  const toText = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replaceAll("+", "-")
      .replaceAll("/", "_")
      .replace(/=+$/, "");

  const asked = (text) => {
    const options = JSON.parse(text);
    options.challenge = toBytes(options.challenge);
    if (options.user) options.user.id = toBytes(options.user.id);
    for (const name of ["allowCredentials", "excludeCredentials"])
      options[name] = (options[name] ?? []).map((each) => ({ ...each, id: toBytes(each.id) }));
    return { publicKey: options };
  };

  const answered = (credential) => {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"])
      if (credential.response[name]) response[name] = toText(credential.response[name]);
    const id = toText(credential.rawId);
    return JSON.stringify({ id, rawId: id, type: credential.type, response, clientExtensionResults: {} });
  };

  if (!window.PublicKeyCredential) return;
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const failed = form.querySelector("[data-failed]");
      failed.hidden = true;
      try {
        const options = asked(form.dataset.options);
        const made =
          form.dataset.passkey === "create"
            ? await navigator.credentials.create(options)
            : await navigator.credentials.get(options);
        form.elements.credential.value = answered(made);
        form.submit();
      } catch {
        failed.hidden = false;
      }
    });
  }
})();
