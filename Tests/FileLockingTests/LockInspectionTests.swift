import Glibc
import LockPolicy
import Posix
import SystemPackage
import TestSupport
import Testing

@testable import FileLocking

@Suite("What is seen of a lock")
struct LockInspectionTests {
  private func inspect(_ scratch: borrowing ScratchDirectory, isLocal: Bool) throws -> LockInspection {
    try LockInspection(
      FileLocation(of: scratch.file("box")), policy: Policy(), in: LockDirectory(scratch.path, isLocal: isLocal))
  }

  private func setAge(_ age: Duration, of name: FilePath, _ scratch: borrowing ScratchDirectory) throws {
    let then = FileTime(nanoseconds: RealTime.now.nanoseconds - age.nanosecondCount)
    try Directory(scratch.path).open(name, .writeOnly).setTimes(accessed: then, modified: then)
  }

  @Test("leaves nothing, and knows the server's time", arguments: [true, false])
  func passive(isLocal: Bool) throws {
    let scratch = ScratchDirectory()
    try scratch.write("77~nR\n", to: "box.lock")
    try setAge(.seconds(100), of: "box.lock", scratch)
    let seen = try inspect(scratch, isLocal: isLocal)
    #expect(scratch.names == ["box.lock"])
    #expect(seen.isServerTime)
    let age = try #require(seen.age)
    #expect(age > .seconds(99) && age < .seconds(110))
    guard case .old(_, let limit) = seen.staleness else {
      Issue.record("\(String(describing: seen.staleness))")
      return
    }
    #expect(limit == .seconds(64) && seen.limit == limit)
  }

  @Test("has another program's words in full")
  func foreign() throws {
    let scratch = ScratchDirectory()
    try scratch.write("12345:a-long-name.of.a.host.example\n", to: "box.lock")
    #expect(try inspect(scratch, isLocal: true).foreignText == "12345:a-long-name.of.a.host.example\n")
  }

  @Test("tells a lock that was touched from another one")
  func another() throws {
    let scratch = ScratchDirectory()
    try scratch.write("77~nR\n", to: "box.lock")
    let first = try inspect(scratch, isLocal: true)
    try setAge(.seconds(9), of: "box.lock", scratch)
    #expect(try !inspect(scratch, isLocal: true).isOfAnotherLock(than: first))
    try scratch.write("78~nR\n", to: "box.lock")
    #expect(try inspect(scratch, isLocal: true).isOfAnotherLock(than: first))
  }

  @Test(
    "of a post: whether anybody can be behind it",
    arguments: [
      ("box.lock.host.77.abc.1z", "77~nR\n", 130, true), ("box.lock.a.host.77.abc.1z", "", 130, true),
      ("box.lock.host.77.abc.1z", "77~nR\n", 50, false), ("box.lock.host.77.abc.1z", "77~nU\n", 90, false),
      ("box.lock.host.77.abc.1z", "77~n-\n", 1_000_000, false), ("box.lock.host.77.abc.1z", "letter", 1000, false),
    ])
  func post(post: (name: String, content: String, age: Int, isNobodys: Bool)) throws {
    let scratch = ScratchDirectory()
    try scratch.write(post.content, to: post.name)
    try setAge(.seconds(post.age), of: FilePath(post.name), scratch)
    let place = try LockDirectory(scratch.path)
    let posts = try LockInspection(FileLocation(of: scratch.file("box")), policy: Policy(), in: place).posts
    let seen = try #require(posts?.first)
    #expect(seen.pid == 77 && seen.host.hasSuffix("host"))
    #expect(seen.isNobodys(Policy(), in: place) == post.isNobodys)
    #expect(link(scratch.file(post.name).string, scratch.file("box.lock").string) == 0)
    let linked = LeftPost(FilePath(post.name), beside: "box.lock", in: place)
    #expect(linked?.isNobodys(Policy(), in: place) == false, "it is a lock")
  }

  @Test("of a post whose time is still to come: how long ago that was set") func postOfTheFuture() throws {
    let scratch = ScratchDirectory()
    let name = "box.lock.host.77.abc.1z"
    try scratch.write("", to: name)
    try setAge(.seconds(-400_000_000), of: FilePath(name), scratch)
    var policy = Policy()
    (policy.steal.after, policy.wait.longest) = (.milliseconds(1), .milliseconds(1))
    func isNobodys() throws -> Bool {
      let place = try LockDirectory(scratch.path)
      let seen = LeftPost(FilePath(name), beside: "box.lock", in: place)
      let post = try #require(seen)
      #expect(post.age >= .zero && post.age < .seconds(60))
      return post.isNobodys(policy, in: place)
    }
    while try !isNobodys() { usleep(10_000) }
  }

  @Test(
    "of names that are no posts: nothing",
    arguments: [
      "box.lock.steal", "box.lock.77.abc.1z", "box.lock.host.x.abc.1z", "box.lock.host.77.ABC.1z", "box.lock.",
    ])
  func noPost(name: String) throws {
    let scratch = ScratchDirectory()
    try scratch.write("", to: name)
    #expect(try inspect(scratch, isLocal: true).posts?.isEmpty == true)
    #expect(LeftPost.lockName(of: FilePath(name), suffix: ".lock") == nil)
  }
}
