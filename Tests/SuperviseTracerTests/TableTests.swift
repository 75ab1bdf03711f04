import SuperviseTestSupport
import Testing

@testable import SuperviseTracer

extension String: SlotValue {}
extension UInt64: SlotValue {}

@Suite("A slot table")
struct SlotTableTests {
    @Test("Keeps values at their places and gives free places to new ones")
    func places() {
        var table = SlotTable<String>()
        #expect([table.insert("a"), table.insert("b"), table.insert("c")] == [0, 1, 2])
        #expect(table.remove(at: 1) == "b")
        #expect([table[0], table[1], table[2], table[3], table[-1]] == ["a", nil, "c", nil, nil])
        #expect(table.slots == [0, 2])
        #expect(table.count == 2)
        #expect(table.insert("d") == 1)
        #expect(table[1] == "d")
        #expect(table.insert("e") == 3)
    }

    @Test("Removes nothing from a place without a value", arguments: [-1, 1, 2, .max, .min])
    func nothing(slot: Int) {
        var table = SlotTable<String>()
        _ = table.insert("a")
        _ = table.insert("b")
        _ = table.remove(at: 1)
        #expect(table.remove(at: slot) == nil)
        #expect(table.count == 1)
    }

    @Test("Changes living values only, where they stand")
    func changes() {
        var table = SlotTable<String>()
        let slot = table.insert("a")
        table.update(slot) { $0.append("!") }
        #expect(table[slot] == "a!")
        #expect(table.remove(at: slot) == "a!")
        for nowhere in [slot, 7, -1, .max, .min] { table.update(nowhere) { $0 = "b" } }
        #expect(table.slots == [])
        #expect(table.count == 0)
        // The place was not lost.
        #expect(table.insert("c") == slot)
        #expect(table.count == 1)
    }

    @Test("Is a dictionary of its places, whatever is done to it", arguments: 0..<10)
    func model(seed: UInt64) {
        var random = SeededRandom(seed)
        var table = SlotTable<UInt64>()
        var model: [Int: UInt64] = [:]
        for _ in 0..<2000 {
            let slot = Int.random(in: 0..<40, using: &random)
            let value = random.next()
            switch Int.random(in: 0..<4, using: &random) {
            case 0, 1:
                let new = table.insert(value)
                #expect(model[new] == nil)
                model[new] = value
            case 2:
                #expect(table.remove(at: slot) == model.removeValue(forKey: slot))
            default:
                table.update(slot) { $0 = value }
                if model[slot] != nil { model[slot] = value }
            }
        }
        #expect(table.count == model.count)
        #expect(table.slots == model.keys.sorted())
        #expect(table.slots.map { table[$0] } == table.slots.map { model[$0] })
    }
}

@Suite("The index of threads")
struct ThreadIndexTests {
    @Test(
        "Has each owed event settled by one, unless there were more than can be counted",
        arguments: [(0, 0), (1, 1), (3, 3), (254, 254), (255, 1000), (300, 1000)])
    func owed(count: Int, settled: Int) throws {
        let index = try #require(ThreadIndex())
        let thread = ThreadID(rawValue: 7)
        index[thread] = 5
        for _ in 0..<count { index.owe(thread) }
        let doubts = (0..<1000).prefix { _ in index.settle(thread) }.count
        #expect(doubts == settled)
        #expect(index[thread] == 5)
    }

    @Test(
        "Holds every number that a thread can have", arguments: [1, 2, 32768, 4_194_303] as [Int32])
    func numbers(number: Int32) throws {
        let index = try #require(ThreadIndex())
        let thread = ThreadID(rawValue: number)
        #expect(index[thread] == nil)
        index[thread] = 0
        #expect(index[thread] == 0)
        index[thread] = 1_000_000
        #expect(index[thread] == 1_000_000)
        #expect(index[ThreadID(rawValue: number - 1)] == nil)
        index[thread] = nil
        #expect(index[thread] == nil)
    }

    @Test(
        "Holds nothing under what is no thread's number",
        arguments: [0, -1, .min, 4_194_304, .max] as [Int32])
    func noNumbers(number: Int32) throws {
        let index = try #require(ThreadIndex())
        let thread = ThreadID(rawValue: number)
        index[thread] = 5
        #expect(index[thread] == nil)
        for other in [1, 4_194_303] as [Int32] {
            #expect(index[ThreadID(rawValue: other)] == nil)
        }
    }
}
