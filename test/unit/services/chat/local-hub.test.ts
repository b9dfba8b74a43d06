// The hub without listeners: rooms, members, roles, messages and limits.
import { describe, expect, test } from "vitest";
import type { ChatMessage } from "../../../../src/services/chat/chat-event.ts";
import type { StoredMessage } from "../../../../src/services/chat/history.ts";
import { MemoryHistory } from "../../../../src/services/chat/memory-history.ts";
import { startedHub, TestHub } from "../../../support/chat-members.ts";
import { turn } from "../../../support/until.ts";

/** Fails while `failure` is set, and delays each batch until `gate` resolves. */
class UncertainHistory extends MemoryHistory {
  failure: Error | undefined;
  readonly batches: number[] = [];
  gate: Promise<void> | undefined;

  override async append(batch: readonly StoredMessage[]): Promise<void> {
    this.batches.push(batch.length);
    await this.gate;
    if (this.failure !== undefined) throw this.failure;
    await super.append(batch);
  }

  override async find(...query: Parameters<MemoryHistory["find"]>): Promise<readonly ChatMessage[]> {
    if (this.failure !== undefined) throw this.failure;
    return super.find(...query);
  }
}

const refused = (code: string) => expect.objectContaining({ name: "ChatError", code });

describe("join and leave", () => {
  test("a newcomer sees the members, and the members see it join and leave", async () => {
    const chat = await startedHub();
    const rose = await chat.join("rose");
    expect(rose.members).toEqual(["rose"]);
    expect(rose.history).toEqual([]);
    const think = await chat.join("think");
    expect(think.members).toEqual(["rose", "think"]);
    think.member.leave("quit");
    think.member.leave("gone");
    await turn();
    expect(rose.listener.take()).toEqual(["think joined lobby", "think left lobby (quit)"]);
    expect(think.listener.take()).toEqual([]);
    await expect(think.member.say("x")).rejects.toEqual(refused("NOT_JOINED"));
    expect((await chat.join("think")).members).toEqual(["rose", "think"]);
  });

  test("members are sorted by name, and names are unique regardless of case", async () => {
    const chat = await startedHub();
    for (const name of ["think", "Babala", "rose", "anna", "Zoë"]) await chat.join(name);
    await expect(chat.join("ROSE", "elsewhere")).rejects.toEqual(refused("NAME_TAKEN"));
    await expect(chat.join("zoe\u0308")).rejects.toEqual(refused("NAME_TAKEN"));
    const { member } = await chat.join("m");
    expect(await member.listMembers()).toEqual(["anna", "Babala", "m", "rose", "think", "Zoë"]);
  });

  test("the members of both rooms see a move", async () => {
    const chat = await startedHub();
    const [rose, think] = [await chat.join("rose"), await chat.join("think", "garden")];
    await turn();
    const welcome = await rose.member.move("Garden");
    expect(welcome.member).toBe(rose.member);
    expect(welcome.members).toEqual(["rose", "think"]);
    expect(rose.member.room).toBe("garden");
    expect(think.listener.take()).toEqual(["rose joined garden"]);
    expect(await rose.member.rooms()).toEqual([{ name: "garden", members: 2, hasKey: false, topic: "" }]);
    await expect(rose.member.move("garden")).rejects.toEqual(refused("BAD_ROOM"));
    await expect(rose.member.move("no room")).rejects.toEqual(refused("BAD_ROOM"));
    think.member.leave("quit");
    await turn();
    expect(rose.listener.take()).toEqual(["think left garden (quit)"]);
  });

  test("all members see a rename, and the old name becomes free", async () => {
    const chat = await startedHub();
    const [rose, think] = [await chat.join("rose"), await chat.join("think")];
    await think.member.rename("Thinker");
    await turn();
    for (const { listener } of [rose, think]) expect(listener.take()).toContain("think is now Thinker");
    await expect(rose.member.rename("thinker")).rejects.toEqual(refused("NAME_TAKEN"));
    await expect(rose.member.rename("a b")).rejects.toEqual(refused("BAD_NAME"));
    await think.member.rename("THINKER");
    expect((await chat.join("think")).members).toEqual(["rose", "think", "THINKER"]);
  });

  test("a token takes its name over from the old connection, without an event for other members", async () => {
    const chat = await startedHub();
    const [rose, think] = [await chat.join("rose"), await chat.join("think")];
    await turn();
    rose.listener.take();
    const again = await chat.join("Rose", "lobby", { token: rose.member.token });
    await turn();
    expect(rose.listener.reason).toBe("replaced");
    expect(again.member.name).toBe("rose");
    expect(again.members).toEqual(["rose", "think"]);
    expect(think.listener.take()).toEqual([]);
    // The new connection is still the operator.
    await again.member.kick("think");
    await expect(rose.member.say("x")).rejects.toEqual(refused("NOT_JOINED"));
    rose.member.leave("gone");
    expect(await again.member.listMembers()).toEqual(["rose"]);
    for (const token of [again.member.token.slice(1), "", "é".repeat(22)])
      await expect(chat.join("rose", "lobby", { token })).rejects.toEqual(refused("NAME_TAKEN"));
  });

  test("a token can take its name over into another room", async () => {
    const chat = await startedHub();
    const [rose, think] = [await chat.join("rose"), await chat.join("think")];
    const again = await chat.join("rose", "garden", { token: rose.member.token });
    await turn();
    expect(again.members).toEqual(["rose"]);
    expect(rose.listener.reason).toBe("replaced");
    expect(think.listener.take()).toEqual(["rose left lobby (moved)"]);
  });

  test("stop removes all members, stores pending messages, and settles all calls", async () => {
    const chat = new TestHub();
    await chat.hub.start();
    const rose = await chat.join("rose");
    await turn();
    const said = rose.member.say("last words");
    await chat.hub.stop();
    expect(await said).toMatchObject({ id: 1 });
    expect(rose.listener.reason).toBe("stopped");
    await expect(rose.member.say("x")).rejects.toEqual(refused("NOT_JOINED"));
    await expect(chat.join("think")).rejects.toEqual(refused("UNAVAILABLE"));
    await chat.hub.stop();
  });
});

describe("messages", () => {
  test("each member, including the author, receives every message in the order of ids", async () => {
    const chat = await startedHub();
    const members = [await chat.join("rose"), await chat.join("think"), await chat.join("babala")];
    const receipts = await Promise.all(
      Array.from({ length: 20 }, (_, number) => members.map(({ member }) => member.say(`m${number}`))).flat(),
    );
    await turn();
    expect(receipts.map(({ id }) => id)).toEqual(Array.from({ length: 60 }, (_, number) => number + 1));
    const heard = members.map(({ listener }) => listener.events.filter((event) => event.type === "message"));
    for (const messages of heard) {
      expect(messages.map(({ id }) => id)).toEqual(receipts.map(({ id }) => id));
      expect(messages).toEqual(heard[0]);
    }
  });

  test("no member receives a message before it is stored, and messages that arrive meanwhile are stored in one batch", async () => {
    const history = new UncertainHistory();
    const chat = await startedHub(history);
    const { member, listener } = await chat.join("rose");
    let open: () => void = () => undefined;
    history.gate = new Promise((resolve) => {
      open = resolve;
    });
    const first = [member.say("1"), member.say("2", { kind: "me" })];
    await turn(3);
    const second = ["3", "4", "5"].map((text) => member.say(text));
    await turn(3);
    expect(listener.take()).toEqual([]);
    expect(history.batches).toEqual([2]);
    open();
    await Promise.all([...first, ...second]);
    expect(history.batches).toEqual([2, 3]);
    expect(listener.take()).toEqual([
      "1 lobby rose: 1",
      "2 lobby rose: *2",
      "3 lobby rose: 3",
      "4 lobby rose: 4",
      "5 lobby rose: 5",
    ]);
  });

  test("a newcomer receives the newest messages of the history, then each new message once", async () => {
    const history = new UncertainHistory();
    const chat = await startedHub(history);
    const { member } = await chat.join("rose");
    for (let number = 1; number <= 25; number++) await member.say(`m${number}`);
    const late = [member.say("m26"), member.say("m27")];
    const think = await chat.join("think");
    await Promise.all(late);
    await turn();
    expect(think.history.map(({ id }) => id)).toEqual(Array.from({ length: 20 }, (_, at) => at + 6));
    expect(think.listener.take()).toEqual(["26 lobby rose: m26", "27 lobby rose: m27"]);
    const back = await chat.join("back", "lobby", { since: 3 });
    expect(back.history.map(({ id }) => id)).toEqual(Array.from({ length: 24 }, (_, at) => at + 4));
  });

  test("a new member of an empty room receives a message that was sent there but is not stored yet", async () => {
    const history = new UncertainHistory();
    const chat = await startedHub(history);
    let open: () => void = () => undefined;
    history.gate = new Promise((resolve) => {
      open = resolve;
    });
    const rose = await chat.join("rose", "den", { key: "one" });
    const said = [rose.member.say("under way"), (await chat.join("think", "hall")).member.say("other")];
    await turn(3);
    rose.member.leave("gone");
    const same = await chat.join("same", "den", { key: "one" });
    same.member.leave("gone");
    const others = await chat.join("others", "den", { key: "two" });
    others.member.leave("gone");
    const last = await chat.join("last", "den", { key: "one" });
    expect(last.history).toEqual([]);
    await turn();
    open();
    await Promise.all(said);
    expect(last.listener.take()).toEqual(["1 den rose: under way"]);
    expect(others.listener.take()).toEqual([]);
  });

  test("events during the read of the history arrive after the welcome", async () => {
    const history = new UncertainHistory();
    const chat = await startedHub(history);
    const { member } = await chat.join("rose");
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    history.find = async (...query) => {
      await gate;
      return MemoryHistory.prototype.find.apply(history, query);
    };
    const joining = chat.join("think");
    await member.say("meanwhile");
    open();
    const think = await joining;
    expect(think.history).toEqual([]);
    expect(think.listener.take()).toEqual([]);
    await turn();
    expect(think.listener.take()).toEqual(["1 lobby rose: meanwhile"]);
  });

  test("an onError that throws does not keep a failed commit from ending", async () => {
    const history = new UncertainHistory();
    const onError = (): void => {
      throw new Error("onError has failed");
    };
    const { member } = await (await startedHub(history, { onError })).join("rose");
    history.failure = new Error("disk");
    await expect(member.say("1")).rejects.toEqual(refused("UNAVAILABLE"));
    history.failure = undefined;
    expect(await member.say("2")).toMatchObject({ id: 2 });
  });

  test("a failing history rejects the message, and the members stay", async () => {
    const history = new UncertainHistory();
    const chat = await startedHub(history);
    const [rose, think] = [await chat.join("rose"), await chat.join("think")];
    await turn();
    rose.listener.take();
    history.failure = Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
    await expect(Promise.all([rose.member.say("1"), think.member.say("2")])).rejects.toEqual(refused("UNAVAILABLE"));
    await expect(rose.member.history()).rejects.toEqual(refused("UNAVAILABLE"));
    const late = await chat.join("late");
    expect(late.history).toEqual([]);
    expect(chat.errors).toEqual([history.failure, history.failure, history.failure]);
    history.failure = undefined;
    expect(await rose.member.say("3")).toMatchObject({ id: 3 });
    await turn();
    expect(think.listener.take()).toEqual(["late joined lobby", "3 lobby rose: 3"]);
  });

  test("a message with the same tag is delivered once, and each author has its own tags", async () => {
    const chat = await startedHub();
    const [rose, think] = [await chat.join("rose"), await chat.join("think")];
    const [one, other] = await Promise.all([rose.member.say("x", { tag: "1" }), rose.member.say("x", { tag: "1" })]);
    expect(other).toEqual(one);
    expect((await think.member.say("y", { tag: "1" })).id).toBe(2);
    const { token } = rose.member;
    rose.member.leave("gone");
    const again = await chat.join("rose", "lobby", { token });
    expect((await again.member.say("x", { tag: "1" })).id).toBe(1);
    chat.clock.advance(10 * 60_000);
    expect((await again.member.say("x", { tag: "1" })).id).toBe(3);
  });

  test("only its recipient receives a private message, in any room", async () => {
    const chat = await startedHub();
    const [rose, think] = [await chat.join("rose"), await chat.join("think", "garden")];
    await turn();
    await rose.member.sayTo("THINK", "psst \x1b[31m");
    expect(think.listener.take()).toEqual(["[rose] psst \\x1b[31m"]);
    await expect(rose.member.sayTo("nobody", "x")).rejects.toEqual(refused("NO_SUCH_MEMBER"));
    await expect(rose.member.sayTo("\x1b", "x")).rejects.toMatchObject({ message: "Nobody has that name." });
  });

  test("history can be limited by number, by id and by text", async () => {
    const chat = await startedHub();
    const { member } = await chat.join("rose");
    for (const text of ["Apple", "pear", "pineapple", "100%", "50"]) await member.say(text);
    const ids = async (options: Parameters<typeof member.history>[0]) =>
      (await member.history(options)).map(({ id }) => id);
    expect(await ids({ limit: 2 })).toEqual([4, 5]);
    expect(await ids({ limit: 2, before: 4 })).toEqual([2, 3]);
    expect(await ids({ search: "APPLE" })).toEqual([1, 3]);
    expect(await ids({ search: "%" })).toEqual([4]);
    expect(await ids({ limit: 0 })).toEqual([5]);
  });

  test("a takeover by token does not refill the burst of the rate limit", async () => {
    const chat = await startedHub(undefined, { rate: { perSecond: 5, burst: 1 } });
    const { member } = await chat.join("rose");
    await member.say("1");
    for (const room of ["lobby", "den"]) {
      const again = await chat.join("rose", room, { token: member.token });
      expect(again.member.awaitRate()).toBeInstanceOf(Promise);
    }
    expect((await chat.join("think")).member.awaitRate()).toBeUndefined();
  });

  test("awaitRate returns a promise when the burst is used up", async () => {
    const chat = await startedHub(undefined, { rate: { perSecond: 5, burst: 3 } });
    const { member } = await chat.join("rose");
    for (const text of ["1", "2"]) await member.say(text);
    expect(member.awaitRate()).toBeUndefined();
    await member.listMembers();
    const ready = member.awaitRate();
    expect(ready).toBeInstanceOf(Promise);
    chat.clock.advance(200);
    await ready;
    expect(member.awaitRate()).toBeUndefined();
    await Promise.all([member.say("3"), member.say("4")]);
    const again = member.awaitRate();
    member.leave("gone");
    await again;
  });
});

describe("refused", () => {
  test("texts that are too long, empty or not valid Unicode", async () => {
    const chat = await startedHub();
    const { member } = await chat.join("rose");
    await expect(member.say("é".repeat(2_049))).rejects.toEqual(refused("TOO_LONG"));
    await expect(member.say(Buffer.alloc(4_097, "x"))).rejects.toMatchObject({
      message: "Not sent: longer than 4096 bytes.",
    });
    expect(await member.say("é".repeat(2_048))).toMatchObject({ id: 1 });
    for (const text of ["", "\ud800", Buffer.of(0xff), Buffer.of(0xed, 0xa0, 0x80)])
      await expect(member.say(text)).rejects.toEqual(refused("BAD_TEXT"));
  });

  test("members, rooms and connections beyond the limits", async () => {
    const chat = await startedHub(undefined, { maxMembers: 4, maxRooms: 2, maxConnectionsPerAddress: 2 });
    const at = { address: "192.0.2.1" };
    const first = await chat.join("a", "lobby", at);
    await chat.join("b", "garden", at);
    await expect(chat.join("c", "lobby", at)).rejects.toEqual(refused("FULL"));
    await expect(chat.join("c", "cellar")).rejects.toEqual(refused("FULL"));
    first.member.leave("quit");
    await chat.join("c", "lobby", at);
    await chat.join("d");
    await chat.join("e");
    await expect(chat.join("f")).rejects.toEqual(refused("FULL"));
  });

  test("an empty room is removed and makes room for a new one", async () => {
    const chat = await startedHub(undefined, { maxRooms: 1 });
    const { member } = await chat.join("a");
    expect((await member.move("garden")).members).toEqual(["a"]);
  });
});

describe("operators", () => {
  test("the first member is the operator, then the member with the longest stay", async () => {
    const chat = await startedHub();
    const [rose, think, babala] = [await chat.join("rose"), await chat.join("think"), await chat.join("babala")];
    await expect(think.member.kick("babala")).rejects.toEqual(refused("NOT_OPERATOR"));
    await rose.member.rename("rosa");
    await rose.member.kick("babala");
    await turn();
    expect(babala.listener.reason).toBe("kicked");
    expect(think.listener.take()).toEqual(["babala joined lobby", "rose is now rosa", "babala left lobby (kicked)"]);
    rose.member.leave("quit");
    await think.member.setTopic("tea \u202e time");
    await turn();
    expect(think.listener.take().at(-1)).toBe("topic of lobby by think: tea \\u202e time");
    expect((await chat.join("late")).topic).toBe("tea \\u202e time");
    await think.member.setTopic("");
    expect((await chat.join("later")).topic).toBe("");
    await expect(think.member.kick("rosa")).rejects.toEqual(refused("NO_SUCH_MEMBER"));
    await expect(think.member.kick("think")).rejects.toMatchObject({ message: "That is you." });
    await expect(think.member.setTopic("x".repeat(1_025))).rejects.toEqual(refused("TOO_LONG"));
  });

  test("ban by name and address; a new name does not get around the ban", async () => {
    const chat = await startedHub();
    const rose = await chat.join("rose", "garden");
    const think = await chat.join("think", "garden", { address: "192.0.2.1" });
    await rose.member.ban("Think");
    await turn();
    expect(think.listener.reason).toBe("banned");
    await expect(chat.join("THINK", "garden")).rejects.toEqual(refused("BANNED"));
    await expect(chat.join("other", "garden", { address: "192.0.2.1" })).rejects.toEqual(refused("BANNED"));
    const other = await chat.join("other", "lobby", { address: "192.0.2.1" });
    await expect(other.member.move("garden")).rejects.toEqual(refused("BANNED"));
    const { member } = await chat.join("friend", "garden", { address: "192.0.2.2" });
    await expect(member.rename("think")).rejects.toEqual(refused("BANNED"));
  });

  test("can ban a member that has already left, by its name", async () => {
    const chat = await startedHub();
    const rose = await chat.join("rose", "den");
    const think = await chat.join("think", "den", { address: "192.0.2.1" });
    await rose.member.kick("think");
    await turn();
    expect(think.listener.reason).toBe("kicked");
    expect(await rose.member.ban("Think")).toBe(false);
    await expect(chat.join("think", "den", { address: "192.0.2.1" })).rejects.toEqual(refused("BANNED"));
    await expect(rose.member.ban("rose")).rejects.toEqual(refused("NO_SUCH_MEMBER"));
    await expect(rose.member.ban("no name")).rejects.toEqual(refused("NO_SUCH_MEMBER"));
  });

  test("mute by name and address, until they unmute", async () => {
    const chat = await startedHub();
    const rose = await chat.join("rose");
    const think = await chat.join("think", "lobby", { address: "192.0.2.1" });
    await rose.member.mute("think");
    await expect(think.member.say("x")).rejects.toEqual(refused("MUTED"));
    await think.member.rename("thinker");
    await expect(think.member.say("x")).rejects.toEqual(refused("MUTED"));
    think.member.leave("quit");
    const again = await chat.join("newname", "lobby", { address: "192.0.2.1" });
    await expect(again.member.say("x")).rejects.toEqual(refused("MUTED"));
    // A text that is not a valid name is rejected before it is normalized, however long it is.
    await expect(rose.member.unmute("\u24dd\u24d4wname")).rejects.toEqual(refused("NO_SUCH_MEMBER"));
    await rose.member.unmute("newname");
    expect(await again.member.say("x")).toMatchObject({ id: 1 });
    await expect(rose.member.unmute("newname")).rejects.toEqual(refused("NO_SUCH_MEMBER"));
  });
});

describe("the key of a room", () => {
  test("is set by the first member and required from all others", async () => {
    const chat = await startedHub();
    const rose = await chat.join("rose");
    await rose.member.move("cellar", "wine");
    await rose.member.say("secret");
    await expect(chat.join("think", "cellar")).rejects.toEqual(refused("BAD_KEY"));
    await expect(chat.join("think", "cellar", { key: "beer" })).rejects.toEqual(refused("BAD_KEY"));
    const think = await chat.join("think", "cellar", { key: "wine" });
    expect(think.history.map(({ text }) => text)).toEqual(["secret"]);
    expect(await think.member.rooms()).toMatchObject([{ name: "cellar", hasKey: true }]);
  });

  test("hides the earlier messages from later members without the key", async () => {
    const chat = await startedHub();
    const rose = await chat.join("rose", "cellar", { key: "wine" });
    await rose.member.say("secret");
    rose.member.leave("quit");
    const think = await chat.join("think", "cellar");
    expect(think.history).toEqual([]);
    expect(await think.member.history({ search: "secret" })).toEqual([]);
    think.member.leave("quit");
    expect((await chat.join("rose", "cellar", { key: "wine" })).history).toHaveLength(1);
  });

  test("is not allowed in the lobby, nor in an existing room without a key", async () => {
    const chat = await startedHub();
    await expect(chat.join("rose", "Lobby", { key: "mine" })).rejects.toEqual(refused("BAD_KEY"));
    await chat.join("rose", "garden");
    await expect(chat.join("think", "garden", { key: "mine" })).rejects.toEqual(refused("BAD_KEY"));
    for (const key of ["", "x".repeat(257)])
      await expect(chat.join("think", "cellar", { key })).rejects.toEqual(refused("BAD_KEY"));
  });
});
