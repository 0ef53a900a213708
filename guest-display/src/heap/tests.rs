use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;

const START: u64 = 4096;

/// Blocks do not overlap, lie inside, and together with what is free they are everything.
fn check(heap: &Heap, blocks: &[(Block, u64)]) {
    let mut ends: Vec<(u64, u64)> =
        blocks.iter().map(|(block, len)| (block.offset(), block.offset() + len)).collect();
    ends.sort_unstable();
    assert!(ends.iter().all(|(start, end)| *start >= START && *end <= START + heap.len()));
    assert!(ends.windows(2).all(|pair| pair[0].1 <= pair[1].0));
    let taken: u64 =
        heap.nodes.iter().filter(|node| node.len > 0 && !node.is_free).map(|node| u64::from(node.len)).sum();
    assert_eq!(taken * GRANULE, heap.taken());
    let free: u64 = heap.nodes.iter().filter(|node| node.is_free).map(|node| u64::from(node.len)).sum();
    assert_eq!((free + taken) * GRANULE, heap.len());
}

proptest! {
    #[test]
    fn whatever_is_taken_comes_back(
        steps in proptest::collection::vec((any::<bool>(), 1u64..9000, any::<usize>()), 1..300),
        nodes in 2u32..100,
    ) {
        let mut heap = Heap::new(START, 64 * 1024, nodes).unwrap();
        let mut blocks = Vec::new();
        for (take, len, which) in steps {
            if take {
                if let Some(block) = heap.allocate(len) {
                    blocks.push((block, len));
                }
            } else if !blocks.is_empty() {
                let (block, _) = blocks.swap_remove(which % blocks.len());
                heap.free(block);
            }
            check(&heap, &blocks);
        }
        for (block, _) in blocks {
            heap.free(block);
        }
        assert_eq!(heap.taken(), 0);
        // All of it is one block again.
        assert_eq!(heap.allocate(heap.len()).map(|block| block.offset()), Some(START));
    }
}

#[test]
fn more_than_there_is_is_refused() {
    let mut heap = Heap::new(START, 10 * GRANULE + 1, 8).unwrap();
    assert_eq!(heap.len(), 10 * GRANULE);
    assert_eq!(heap.allocate(10 * GRANULE + 1), None);
    assert_eq!(heap.allocate(u64::MAX), None);
    let whole = heap.allocate(10 * GRANULE).unwrap();
    assert_eq!(heap.allocate(1), None);
    heap.free(whole);
    assert!(heap.allocate(1).is_some());
}

#[test]
fn no_memory_is_no_heap() {
    let mut heap = Heap::new(START, 0, 8).unwrap();
    assert_eq!(heap.allocate(1), None);
    let mut heap = Heap::new(START, 4096, 0).unwrap();
    assert_eq!(heap.allocate(1), None);
}

#[test]
fn sizes_that_repeat_find_their_old_place() {
    let mut heap = Heap::new(START, 1 << 20, 64).unwrap();
    let kept = heap.allocate(100).unwrap();
    let old = heap.allocate(1000).unwrap();
    let _guard = heap.allocate(64).unwrap();
    let place = old.offset();
    heap.free(old);
    assert_eq!(heap.allocate(1000).unwrap().offset(), place);
    heap.free(kept);
}
