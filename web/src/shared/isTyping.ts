/** Whether somebody types into a field, so that keys are no commands. */
export const isTyping = (): boolean =>
  /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "");
