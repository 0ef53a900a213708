//! Paths of lines and curves.

use qxl::memslot::PhysAddr;
use qxl::path::PathSegment;
use wire::drawable::{FixedPoint, Path};
use zerocopy::FromBytes;

use crate::fault::GuestFault;
use crate::guest::memory::GroupMemory;

/// Bytes of one path.
const MAX_BYTES: usize = 8 << 20;

/// Reads the path at `address`.
pub(super) fn read(memory: GroupMemory<'_>, address: PhysAddr) -> Result<Path, GuestFault> {
    let data = memory.chunks(address, std::mem::offset_of!(qxl::path::Path, chunk) as u64, MAX_BYTES)?;
    let mut rest = data.as_slice();
    let mut segments = Vec::new();
    while rest.len() > size_of::<PathSegment>() {
        let (PathSegment { flags, count }, after) =
            PathSegment::read_from_prefix(rest).map_err(|_| GuestFault::new("path ends in a segment"))?;
        let bytes = (count.get() as usize).saturating_mul(size_of::<qxl::geometry::FixedPoint>());
        let Some((points, next)) = after.split_at_checked(bytes) else {
            return Err(GuestFault::new(format_args!("path segment of {} points is cut", count.get())));
        };
        let points = points.chunks_exact(size_of::<qxl::geometry::FixedPoint>()).filter_map(|one| {
            let point = qxl::geometry::FixedPoint::read_from_bytes(one).ok()?;
            Some(FixedPoint { x: point.x.get(), y: point.y.get() })
        });
        let [flags, ..] = flags.get().to_le_bytes();
        segments.push(wire::drawable::PathSegment { flags, points: points.collect() });
        rest = next;
    }
    Ok(Path { segments })
}
