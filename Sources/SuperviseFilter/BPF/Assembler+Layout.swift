extension Assembler {
    /// Where each step's instructions stand, and which branches need hops.
    ///
    /// A hop is a `jump`, whose 32-bit offset reaches everywhere, right behind its branch. Putting
    /// one in pushes later steps away, which may make other targets too far, so this repeats until
    /// nothing changes; hops are never taken back, so it ends.
    struct Layout {
        /// A step whose targets are step numbers, all of them later ones.
        enum Step {
            case plain(Instruction)
            case jump(Int)
            case branch(Instruction, then: Int, else: Int)
        }

        /// The index of each step's first instruction.
        private(set) var starts: [Int] = []
        /// How many instructions there are.
        private(set) var count = 0

        private let steps: [Step]
        private var hopsThen: Set<Int> = []
        private var hopsElse: Set<Int> = []

        init(_ steps: [Step]) {
            self.steps = steps
            repeat { place() } while addHops()
        }

        private mutating func place() {
            starts.removeAll(keepingCapacity: true)
            count = 0
            for index in steps.indices {
                starts.append(count)
                count += 1
                if hopsThen.contains(index) { count += 1 }
                if hopsElse.contains(index) { count += 1 }
            }
        }

        /// Whether a target was too far, and so a hop was added.
        private mutating func addHops() -> Bool {
            let before = hopsThen.count + hopsElse.count
            for (index, step) in steps.enumerated() {
                guard case .branch(_, let then, let otherwise) = step else { continue }
                if distance(from: starts[index], to: then) > UInt8.max { hopsThen.insert(index) }
                if distance(from: starts[index], to: otherwise) > UInt8.max {
                    hopsElse.insert(index)
                }
            }
            return hopsThen.count + hopsElse.count > before
        }

        /// How many instructions a jump at an index skips to get to a step.
        private func distance(from index: Int, to step: Int) -> Int {
            starts[step] - index - 1
        }

        /// The program's instructions.
        var instructions: [Instruction] {
            var result: [Instruction] = []
            result.reserveCapacity(count)
            for (index, step) in steps.enumerated() {
                switch step {
                case .plain(let instruction): result.append(instruction)
                case .jump(let target): result.append(hop(from: starts[index], to: target))
                case .branch(let instruction, let then, let otherwise):
                    result += branch(index, instruction, then: then, else: otherwise)
                }
            }
            return result
        }

        private func hop(from index: Int, to step: Int) -> Instruction {
            Instruction(.jump, UInt32(truncatingIfNeeded: distance(from: index, to: step)))
        }

        private func branch(
            _ index: Int, _ instruction: Instruction, then: Int, else otherwise: Int
        ) -> [Instruction] {
            let start = starts[index]
            var result = [instruction]
            if hopsThen.contains(index) {
                result[0].jt = 0
                result.append(hop(from: start + result.count, to: then))
            } else {
                result[0].jt = UInt8(truncatingIfNeeded: distance(from: start, to: then))
            }
            if hopsElse.contains(index) {
                result[0].jf = UInt8(truncatingIfNeeded: result.count - 1)
                result.append(hop(from: start + result.count, to: otherwise))
            } else {
                result[0].jf = UInt8(truncatingIfNeeded: distance(from: start, to: otherwise))
            }
            return result
        }
    }
}
