import { describe, expect, test } from "vitest";
import { MAX_HOSTS } from "../../../../src/services/page-access.ts";
import { status } from "../../../../src/services/status/status.ts";
import { FakeOverview } from "../../../behaviour/status/fake-overview.ts";

describe("an option", () => {
  test.each([
    ["metrics", "a/b", /one segment/],
    ["metrics", "../x", /one segment/],
    ["metrics", "events", /must be none of/],
    ["metrics", "style.css", /must be none of/],
    ["metrics", 1, /of type string/],
    ["tokenFile", 1, /of type string/],
    ["hosts", "x", /an array/],
    ["hosts", [1], /hosts\[0\]/],
    ["hosts", ["a/b"], /must be a name/],
    ["hosts", Array.from({ length: MAX_HOSTS + 1 }, () => "x"), /at most 100/],
    ["sampleIntervalMs", 99, />= 100/],
    ["historyMs", 1, />= 1_?000/],
    ["maxWatchers", 0, />= 1/],
    ["maxRows", 0, />= 1/],
    ["http", { maxBodyBytes: -1 }, /maxBodyBytes/],
    ["clock", {}, /clock/],
    ["token", "x", /token/],
  ])("%s cannot be %j", (name, value, reason) => {
    expect(() => status(new FakeOverview(), { [name]: value })).toThrow(reason);
  });
});
