import { expect, test } from "vitest";
import { MAX_KNOWN_NAMES, Roster } from "../../../../src/cli/chat/roster.ts";

test("the roster learns members from notices only", () => {
  const roster = new Roster();
  roster.update("-- You are rose in lobby with think, babala, and 3 more.");
  roster.update("-- joe joined lobby");
  roster.update("<x> -- mallory joined lobby");
  roster.update("-- think left lobby (gone)");
  roster.update("-- babala is now ann");
  roster.update("-- You are rosa.");
  expect([roster.name, roster.room, roster.others()]).toEqual(["rosa", "lobby", ["ann", "joe"]]);
  roster.update("-- lobby: rosa, zoe");
  roster.update("-- den: mallory");
  expect(roster.others()).toEqual(["zoe"]);
});

test("completion adds a colon to a name at the beginning of a line, and completes commands only there", () => {
  const roster = new Roster();
  roster.update("-- You are rose in lobby with think, Thea.");
  expect(roster.complete("th")).toEqual([["Thea: ", "think: "], "th"]);
  expect(roster.complete("hi TH")).toEqual([["Thea ", "think "], "TH"]);
  expect(roster.complete("/wh")).toEqual([["/who "], "/wh"]);
  expect(roster.complete("see /wh")).toEqual([[], "/wh"]);
});

test("an invalid name is not completed, because it would be written to the terminal unescaped", () => {
  const roster = new Roster();
  roster.update("-- You are rose in lobby with th\u001b[2Jink, th\u009b2Jink, t\u202ehink, think.");
  roster.update("-- t\u001b]0;owned\u0007 joined lobby");
  roster.update("-- think is now t\u202ehinker");
  roster.update("-- thea joined lobby");
  expect(roster.complete("t")).toEqual([["thea: "], "t"]);
});

test("MAX_KNOWN_NAMES limits the names", () => {
  const roster = new Roster();
  for (let index = 0; index <= MAX_KNOWN_NAMES; index++) roster.update(`-- name${index} joined lobby`);
  expect(roster.others()).toHaveLength(MAX_KNOWN_NAMES);
});
