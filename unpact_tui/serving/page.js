"use strict";
// xterm.js takes no keys until it is clicked, and Textual none until it is told of a focus. Before
// the first byte there is no socket to tell it by.
new MutationObserver((_, observer) => {
  if (document.body.classList.contains("-first-byte")) {
    observer.disconnect();
    document.querySelector(".xterm-helper-textarea").focus();
  }
}).observe(document.body, { attributeFilter: ["class"] });
