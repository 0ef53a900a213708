//! Whether an object is fit for a kernel: what it asks for, how it is to be placed, what registers it uses, and how much
//! of the stack. A flag that a compiler stops to honour would otherwise show up in somebody's kernel.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use object::{Object, ObjectSection, ObjectSymbol, RelocationFlags, RelocationTarget, SymbolKind, elf};

use super::Arch;
use crate::command;

/// What C has to offer: the kernel's memory functions, and our services.
const SYMBOLS: &[&str] = &[
    "memcmp",
    "memcpy",
    "memmove",
    "memset",
    "qxl_kernel_alloc",
    "qxl_kernel_free",
    "qxl_kernel_log",
    "qxl_kernel_panic",
    "qxl_kernel_port",
    "qxl_kernel_random",
    "qxl_kernel_wait",
];

/// What the kernel adds on x86 against speculation.
const THUNKS: &[&str] = &["__x86_indirect_thunk_r11", "__x86_return_thunk"];

/// The largest stack frame in bytes. A kernel's stack has 16 KiB, and the callers of ours have a part of it.
const FRAME: u64 = 1536;

/// Taking up a device puts the whole of it on the stack once. That is in the probe, with little below it.
const START: (&str, u64) = ("4face5boxed", 2560);

/// Checks `object`, and `sizes`, which is the same with its stack frames' sizes.
pub(super) fn check(object: &Path, sizes: &Path, arch: Arch) -> Result<()> {
    let data = std::fs::read(object).with_context(|| format!("cannot read {}", object.display()))?;
    let file = object::File::parse(&*data)?;
    symbols(&file, arch)?;
    relocations(&file, arch)?;
    if arch == Arch::X86 {
        no_vectors(object)?;
    }
    let data = std::fs::read(sizes).with_context(|| format!("cannot read {}", sizes.display()))?;
    let frames = stack_frames(&object::File::parse(&*data)?)?;
    for (size, function) in &frames {
        let agreed = if function.contains(START.0) { START.1 } else { FRAME };
        ensure!(*size <= agreed, "{function} has a stack frame of {size} bytes, {agreed} are agreed");
    }
    let largest =
        frames.iter().map(|(size, _)| size).max().context("the sizes of stack frames are missing")?;
    println!("    {}: symbols and relocations as agreed, largest stack frame {largest} bytes", arch.name());
    Ok(())
}

fn symbols(file: &object::File<'_>, arch: Arch) -> Result<()> {
    let undefined = file.symbols().filter(|symbol| symbol.is_undefined());
    let found: BTreeSet<&str> =
        undefined.filter_map(|symbol| symbol.name().ok()).filter(|name| !name.is_empty()).collect();
    let thunks = if arch == Arch::X86 { THUNKS } else { &[] };
    let agreed: BTreeSet<&str> = SYMBOLS.iter().chain(thunks).copied().collect();
    let strange: Vec<&&str> = found.difference(&agreed).collect();
    ensure!(strange.is_empty(), "it asks for {strange:?}, and {agreed:?} are agreed");
    Ok(())
}

fn relocations(file: &object::File<'_>, arch: Arch) -> Result<()> {
    for section in file.sections() {
        for (place, relocation) in section.relocations() {
            let RelocationFlags::Elf { r_type } = relocation.flags() else { bail!("it is no ELF file") };
            let name = section.name()?;
            ensure!(is_loadable(r_type, arch), "{name}+{place:#x} has a relocation of kind {r_type}");
        }
    }
    Ok(())
}

/// Whether the module loaders of all supported kernels know it.
fn is_loadable(kind: u32, arch: Arch) -> bool {
    match arch {
        Arch::X86 => {
            let known = [elf::R_X86_64_64, elf::R_X86_64_32, elf::R_X86_64_32S, elf::R_X86_64_PC32];
            known.contains(&kind) || [elf::R_X86_64_PLT32, elf::R_X86_64_PC64].contains(&kind)
        }
        Arch::Arm64 => [
            elf::R_AARCH64_ABS64,
            elf::R_AARCH64_PREL32,
            elf::R_AARCH64_ADR_PREL_PG_HI21,
            elf::R_AARCH64_ADD_ABS_LO12_NC,
            elf::R_AARCH64_LDST8_ABS_LO12_NC,
            elf::R_AARCH64_LDST16_ABS_LO12_NC,
            elf::R_AARCH64_LDST32_ABS_LO12_NC,
            elf::R_AARCH64_LDST64_ABS_LO12_NC,
            elf::R_AARCH64_LDST128_ABS_LO12_NC,
            elf::R_AARCH64_CALL26,
            elf::R_AARCH64_JUMP26,
        ]
        .contains(&kind),
    }
}

/// Their registers belong to the program that was interrupted.
fn no_vectors(object: &Path) -> Result<()> {
    let code = command::output(Command::new("objdump").arg("--disassemble").arg(object))?;
    let vector = code
        .lines()
        .find(|line| ["%xmm", "%ymm", "%zmm", "%mm", "%st"].iter().any(|name| line.contains(name)));
    vector.map_or(Ok(()), |line| bail!("it uses registers that a kernel must not: {}", line.trim()))
}

/// All stack frames, by their sizes and whose they are.
fn stack_frames(file: &object::File<'_>) -> Result<Vec<(u64, String)>> {
    let mut all = Vec::new();
    for section in file.sections().filter(|section| section.name() == Ok(".stack_sizes")) {
        for (place, size) in frames(section.data()?).context("the sizes of stack frames are cut off")? {
            let whose = function(file, &section, place).unwrap_or_else(|| "some function".to_owned());
            all.push((size, whose));
        }
    }
    Ok(all)
}

/// The name of the function whose address is to be put at `place`.
fn function(file: &object::File<'_>, sizes: &object::Section<'_, '_>, place: u64) -> Option<String> {
    let (_, relocation) = sizes.relocations().find(|(offset, _)| *offset == place)?;
    let RelocationTarget::Symbol(index) = relocation.target() else { return None };
    let base = file.symbol_by_index(index).ok()?;
    let address = base.address().checked_add_signed(relocation.addend())?;
    let here =
        |symbol: &object::Symbol<'_, '_>| symbol.address() == address && symbol.section() == base.section();
    let mut functions = file.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text);
    functions.find(here)?.name().ok().map(str::to_owned)
}

/// Entries "address of the function in 8 bytes, size as LEB128": where each address is, and the size.
fn frames(data: &[u8]) -> Option<Vec<(u64, u64)>> {
    let (mut rest, mut frames) = (data, Vec::new());
    while !rest.is_empty() {
        let place = data.len() - rest.len();
        rest = rest.get(8..)?;
        let len = rest.iter().position(|byte| byte & 0x80 == 0)? + 1;
        let (size, after) = rest.split_at(len);
        let size = size.iter().rev().fold(0u64, |size, byte| size << 7 | u64::from(byte & 0x7f));
        frames.push((u64::try_from(place).ok()?, size));
        rest = after;
    }
    Some(frames)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read() {
        let two = [0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x0c, 9, 9, 9, 9, 9, 9, 9, 9, 0x38];
        assert_eq!(frames(&two), Some(vec![(0, 0x600), (10, 0x38)]));
        assert_eq!(frames(&two[..9]), None);
        assert_eq!(frames(&[]), Some(Vec::new()));
    }

    #[test]
    fn offset_tables_are_not_loadable() {
        assert!(is_loadable(elf::R_X86_64_PLT32, Arch::X86));
        assert!(!is_loadable(elf::R_X86_64_GOTPCREL, Arch::X86));
        assert!(!is_loadable(elf::R_AARCH64_ADR_GOT_PAGE, Arch::Arm64));
    }
}
