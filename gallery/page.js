"use strict";
// Pictures move under the pointer or the focus.
const calm = matchMedia("(prefers-reduced-motion: reduce)");
for (const image of document.querySelectorAll("img[data-moving]")) {
  const link = image.closest("a");
  const still = image.getAttribute("src");
  const play = () => {
    if (calm.matches || link.classList.contains("playing")) return;
    link.classList.add("playing");
    image.src = image.dataset.moving;
  };
  const stop = () => {
    link.classList.remove("playing");
    image.src = still;
  };
  link.addEventListener("mouseenter", play);
  link.addEventListener("mouseleave", stop);
  link.addEventListener("focus", () => { if (link.matches(":focus-visible")) play(); });
  link.addEventListener("blur", stop);
}

// Scripts can be copied.
for (const button of document.querySelectorAll(".copy")) {
  const code = button.parentElement.querySelector("code");
  const script = button.parentElement.querySelector("pre").getAttribute("aria-label");
  const name = script ? `Copy ${script}` : "Copy";
  button.setAttribute("aria-label", name);
  button.hidden = false;
  button.addEventListener("click", async () => {
    let done = true;
    try {
      await navigator.clipboard.writeText(code.textContent + "\n");
    } catch {
      getSelection().selectAllChildren(code);
      done = document.execCommand("copy");
      getSelection().removeAllRanges();
    }
    button.textContent = done ? "Copied" : "Copy failed";
    button.setAttribute("aria-label", button.textContent);
    setTimeout(() => {
      button.textContent = "Copy";
      button.setAttribute("aria-label", name);
    }, 2000);
  });
}

// The address tells the tag: #tag=noise.
const group = document.querySelector(".filter");
if (group) {
  const buttons = [...group.querySelectorAll("button")];
  const cards = [...document.querySelectorAll(".card")];
  const count = document.querySelector(".count");
  const tags = new Set(buttons.map(button => button.dataset.tag));
  const show = () => {
    const wanted = decodeURIComponent((location.hash.match(/^#tag=(.*)$/) || ["", ""])[1]);
    const tag = tags.has(wanted) ? wanted : "";
    for (const button of buttons) button.setAttribute("aria-pressed", button.dataset.tag === tag);
    for (const card of cards) card.hidden = tag !== "" && !card.dataset.tags.split("|").includes(tag);
    for (const section of document.querySelectorAll("section")) {
      section.hidden = !section.querySelector(".card:not([hidden])");
    }
    const shown = cards.filter(card => !card.hidden).length;
    const words = `${cards.length} picture${cards.length === 1 ? "" : "s"}`;
    count.textContent = tag ? `${shown} of ${words}: ${tag}` : words;
  };
  for (const button of buttons) {
    button.addEventListener("click", () => {
      const tag = button.dataset.tag;
      const address = tag ? `#tag=${encodeURIComponent(tag)}` : location.pathname + location.search;
      history.pushState(null, "", address);
      show();
    });
  }
  addEventListener("hashchange", show);
  addEventListener("popstate", show);
  group.hidden = false;
  show();
}
