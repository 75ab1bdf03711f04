extension Assembler {
    /// Where each step's instructions stand, and which branches need hops.
    ///
    /// A hop is a `jump`, whose 32-bit offset reaches everywhere, right behind its branch. Putting
    /// one in pushes later steps away, which may make other targets too far, so this repeats until
    /// nothing changes; hops are never taken back, so it ends.
    struct Layout {
        /// A step; laid out, its targets are step numbers, all of them later ones.
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
        /// Whether each step's `then` needs a hop, and its `else`.
        private var hopsThen: [Bool]
        private var hopsElse: [Bool]

        init(_ steps: [Step]) {
            self.steps = steps
            starts.reserveCapacity(steps.count)
            hopsThen = Array(repeating: false, count: steps.count)
            hopsElse = hopsThen
            repeat { place() } while addHops()
        }

        private mutating func place() {
            starts.removeAll(keepingCapacity: true)
            count = 0
            for index in steps.indices {
                starts.append(count)
                count += 1
                if hopsThen[index] { count += 1 }
                if hopsElse[index] { count += 1 }
            }
        }

        /// Whether a target was too far, and so a hop was added.
        private mutating func addHops() -> Bool {
            var isAdded = false
            for (index, step) in steps.enumerated() {
                guard case .branch(_, let then, let otherwise) = step else { continue }
                if !hopsThen[index], distance(from: starts[index], to: then) > UInt8.max {
                    hopsThen[index] = true
                    isAdded = true
                }
                if !hopsElse[index], distance(from: starts[index], to: otherwise) > UInt8.max {
                    hopsElse[index] = true
                    isAdded = true
                }
            }
            return isAdded
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
                    addBranch(index, instruction, then: then, else: otherwise, to: &result)
                }
            }
            return result
        }

        private func hop(from index: Int, to step: Int) -> Instruction {
            Instruction(.jump, UInt32(truncatingIfNeeded: distance(from: index, to: step)))
        }

        private func addBranch(
            _ index: Int, _ instruction: Instruction, then: Int, else otherwise: Int,
            to result: inout [Instruction]
        ) {
            let start = starts[index]
            var branch = instruction
            branch.jt =
                hopsThen[index] ? 0 : UInt8(truncatingIfNeeded: distance(from: start, to: then))
            branch.jf =
                hopsElse[index]
                ? (hopsThen[index] ? 1 : 0)
                : UInt8(truncatingIfNeeded: distance(from: start, to: otherwise))
            result.append(branch)
            if hopsThen[index] { result.append(hop(from: result.count, to: then)) }
            if hopsElse[index] { result.append(hop(from: result.count, to: otherwise)) }
        }
    }
}
