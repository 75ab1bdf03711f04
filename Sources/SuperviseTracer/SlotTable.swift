/// Values at places that stay the same while they live, reused when they have gone.
struct SlotTable<Element> {
    private var elements: ContiguousArray<Element?> = []
    private var free: ContiguousArray<Int> = []

    /// How many values there are.
    var count: Int { elements.count - free.count }

    /// Adds a value and tells its place.
    mutating func insert(_ element: Element) -> Int {
        if let slot = free.popLast() {
            elements[slot] = element
            return slot
        }
        elements.append(element)
        return elements.count - 1
    }

    /// Takes the value from its place.
    mutating func remove(at slot: Int) -> Element? {
        guard elements.indices.contains(slot), let element = elements[slot] else { return nil }
        elements[slot] = nil
        free.append(slot)
        return element
    }

    /// The value at a place, nil when it has gone.
    ///
    /// Only a value that lives can be changed; to change it to nil is to remove it.
    subscript(slot: Int) -> Element? {
        get { elements.indices.contains(slot) ? elements[slot] : nil }
        set {
            guard let newValue else {
                _ = remove(at: slot)
                return
            }
            guard elements.indices.contains(slot), elements[slot] != nil else { return }
            elements[slot] = newValue
        }
    }

    /// The places that hold a value.
    var slots: [Int] { elements.indices.filter { elements[$0] != nil } }
}
