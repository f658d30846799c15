// Keys: each view says which it has, so that the sheet behind `?` lists what holds now.
import { reactive } from "vue";

export const sheet = reactive({ shown: false, groups: [] });

// A key is { key, words, run, as }: `key` as in KeyboardEvent with Ctrl+, Alt+ and Shift+ before it,
// `as` the tool whose users know it.
export function keysOf(title, list) {
  const group = { title, list: list.filter(Boolean) };
  sheet.groups.push(group);
  return () => {
    const at = sheet.groups.indexOf(group);
    if (at >= 0) sheet.groups.splice(at, 1);
  };
}

function nameOf(event) {
  const named = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const shifted = event.shiftKey && (event.key.length > 1 || /[a-z]/i.test(event.key));
  return (event.ctrlKey || event.metaKey ? "Ctrl+" : "") + (event.altKey ? "Alt+" : "") +
    (shifted ? "Shift+" : "") + (named === " " ? "Space" : named);
}

function writes(target) {
  if (target.isContentEditable || target.tagName === "TEXTAREA" || target.tagName === "SELECT") return true;
  return target.tagName === "INPUT" && !["checkbox", "radio", "range", "button"].includes(target.type);
}

export function onKey(event) {
  if (writes(event.target) || document.querySelector(".q-dialog__inner:not(.us-quiet)")) return;
  const name = nameOf(event);
  // Enter and Space belong to the button or link that has the focus.
  if ((name === "Enter" || name === "Space") && event.target.closest("button, a, label, summary")) return;
  for (const group of [...sheet.groups].reverse()) {
    for (const each of group.list) {
      if (each.run && [].concat(each.key).includes(name)) {
        event.preventDefault();
        each.run(event);
        return;
      }
    }
  }
}
