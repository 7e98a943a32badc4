import DriverSimulation
import Testing
import VirtualUSB

@testable import DriverFoundation

/// An array of the language is a collection of objects: nothing had to be made for it.
@Suite struct CollectionTests {
    @Test("C-1: an array keeps objects in order, and refers to each as long as it holds it")
    func arrays() throws {
        try onBench { bench in
            _ = try await bench.open()
            let root = try bench.device.object
            let before = bench.plugAndPlay.objects.live.count
            var collection: [DriverObject] = []
            for name in ["a", "b", "c"] { collection.append(try root.child(name)) }
            try same(collection.map(\.name), ["a", "b", "c"], "in order")
            for object in collection {
                try object.delete()
                await object.deleted()
            }
            await bench.settle()
            try same(bench.plugAndPlay.objects.live.count, before + 3, "referred to")
            collection.remove(at: 1)
            try same(collection[1].name, "c", "by index")
            try same(bench.plugAndPlay.objects.live.count, before + 2, "one is let go")
            collection = []
            try same(bench.plugAndPlay.objects.live.count, before, "none is left")
        }
    }
}
