// What pages can do besides where scripts run: every page works without.
import {
  Button,
  Checkboxes,
  ErrorSummary,
  NotificationBanner,
  Radios,
  SkipLink,
  createAll,
} from "./govuk-frontend.min.js";

const MINUTE_MS = 60_000;

// ARIA knows no radio that expands something; that it is chosen is said already.
class RevealingRadios extends Radios {
  syncConditionalRevealWithInputState(input) {
    super.syncConditionalRevealWithInputState(input);
    input.removeAttribute("aria-expanded");
  }
}

document.body.classList.add("js-enabled", "govuk-frontend-supported");
for (const component of [
  Button,
  Checkboxes,
  ErrorSummary,
  NotificationBanner,
  RevealingRadios,
  SkipLink,
]) {
  createAll(component);
}
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
// The back button may bring a page back as it was: it is asked for again, in case it has ended.
window.addEventListener("pageshow", (event) => event.persisted && window.location.reload());
const question = document.querySelector("form[data-shows-again]");
const otherLanguage = document.querySelector("a[data-other-language]");
if (question && otherLanguage) {
  otherLanguage.addEventListener("click", (event) => showAgain(event, question, otherLanguage.href));
}
const warning = document.querySelector("dialog.session-warning");
if (warning) warnBeforeTheEnd(warning);

// Takes what is typed along into the other language; without scripts the link loads a page without
// it. A click that opens another tab leaves this one as it is.
function showAgain(event, form, place) {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const again = document.createElement("input");
  Object.assign(again, { type: "hidden", name: "showAgain", value: "yes" });
  form.append(again);
  form.action = place;
  form.submit();
}

// Warns in time, keeps the session when asked to, and leaves the page when it is over, so that
// nobody else reads what is on it. Pages in other tabs say when they were answered.
function warnBeforeTheEnd(dialog) {
  const { sessionMinutes, warningMinutes, ended } = dialog.dataset;
  const left = dialog.querySelector("[data-minutes-left]");
  const tabs = new BroadcastChannel("session");
  let end;
  let timer;

  const restart = () => {
    end = Date.now() + sessionMinutes * MINUTE_MS;
    if (dialog.open) dialog.close();
    look();
  };
  // A phone that slept has missed its timers: what counts is the clock.
  const look = () => {
    clearTimeout(timer);
    const warnAt = end - warningMinutes * MINUTE_MS;
    const now = Date.now();
    if (now >= end) return window.location.replace(ended);
    if (now >= warnAt) {
      left.textContent = Math.ceil((end - now) / MINUTE_MS);
      if (!dialog.open) dialog.showModal();
    }
    timer = setTimeout(look, now >= warnAt ? 5_000 : warnAt - now);
  };
  const stay = async () => {
    const answer = await fetch(window.location.href, { cache: "no-store" });
    if (new URL(answer.url).pathname === ended) return window.location.replace(ended);
    if (!answer.ok) return;
    tabs.postMessage("answered");
    restart();
  };

  dialog.addEventListener("cancel", (event) => event.preventDefault());
  dialog.querySelector("button").addEventListener("click", stay);
  document.addEventListener("visibilitychange", look);
  tabs.addEventListener("message", restart);
  tabs.postMessage("answered");
  restart();
}
