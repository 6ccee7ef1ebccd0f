//! What a process does to itself before it becomes the command: capabilities, limits, Landlock.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use landlock::{
    ABI, AccessFs, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{
    CapabilitiesSecureBits, CapabilitySet, CapabilitySets, clear_ambient_capability_set,
    remove_capability_from_bounding_set, set_capabilities_secure_bits,
};

use super::mounts::{open_place, open_readable};
use super::plan::{Access, Plan, Readable};

/// Processes that a command may have at once.
pub(super) const MOST_PROCESSES: u64 = 4096;

/// A limit that stops both core files and, unlike 0, the host's program that collects them.
const NO_CORE: u64 = 1;

/// Devices that commands write to.
const DEVICES: [&str; 7] = [
    "/dev/console",
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
    "/dev/tty",
];

/// Folders of our own that commands write to, in any case.
const OWN_FOLDERS: [&str; 3] = ["/dev/shm", "/dev/mqueue", "/dev/pts"];

/// What commands read in any case: folders of the sandbox.
const OWN_READABLE: [&str; 2] = ["/dev", "/proc"];

/// Gives up all capabilities but these, for good.
pub(super) fn drop_capabilities(keep: CapabilitySet) -> io::Result<()> {
    bound_capabilities(keep)?;
    set_capabilities(keep)
}

/// Makes sure that no program that is executed has other capabilities than these. This process keeps its own.
pub(super) fn bound_capabilities(keep: CapabilitySet) -> io::Result<()> {
    clear_ambient_capability_set()?;
    if keep.is_empty() {
        // Being root gives nothing by itself.
        let bits = CapabilitiesSecureBits::NO_ROOT | CapabilitiesSecureBits::NO_ROOT_LOCKED;
        // Without namespaces we may have had none to begin with.
        let _ = set_capabilities_secure_bits(bits);
    }
    for bit in 0..64 {
        let capability = CapabilitySet::from_bits_retain(1 << bit);
        // The last one is followed by one that the kernel doesn't know; without namespaces we may not.
        if remove_capability_from_bounding_set(capability).is_err() {
            break;
        }
    }
    Ok(())
}

/// Keeps these capabilities only.
pub(super) fn set_capabilities(keep: CapabilitySet) -> io::Result<()> {
    Ok(rustix::thread::set_capabilities(
        None,
        CapabilitySets {
            effective: keep,
            permitted: keep,
            inheritable: CapabilitySet::empty(),
        },
    )?)
}

/// Limits that no command needs to exceed.
pub(super) fn limit_resources() -> io::Result<()> {
    let limit = |resource, most: u64| {
        let hard = getrlimit(resource).maximum;
        let most = hard.map_or(most, |hard| hard.min(most));
        setrlimit(
            resource,
            Rlimit {
                current: Some(most),
                maximum: Some(most),
            },
        )
    };
    limit(Resource::Core, NO_CORE)?;
    Ok(limit(Resource::Nproc, MOST_PROCESSES)?)
}

/// The rules of Landlock: writing where a plan says so, signals and abstract sockets among our own.
pub(super) struct FileRules(RulesetCreated);

impl FileRules {
    /// Those that are the same for all plans with or without namespaces. The `/dev` of our own has to be there.
    pub(super) fn new(namespaces: bool) -> io::Result<Self> {
        let handled = AccessFs::from_write(ABI::V3) | AccessFs::from_write(ABI::V5) | AccessFs::IoctlDev;
        let mut rules = Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(handled)
            .map_err(other)?
            .scope(Scope::AbstractUnixSocket | Scope::Signal)
            .map_err(other)?
            .create()
            .map_err(other)?;
        for device in DEVICES {
            if let Ok(device) = PathFd::new(device) {
                let access = AccessFs::WriteFile | AccessFs::Truncate | AccessFs::IoctlDev;
                rules = allow(rules, &device, access)?;
            }
        }
        if namespaces {
            for folder in OWN_FOLDERS {
                if let Ok(folder) = PathFd::new(folder) {
                    let access = AccessFs::from_write(ABI::V3) | AccessFs::IoctlDev;
                    rules = allow(rules, &folder, access)?;
                }
            }
        }
        Ok(Self(rules))
    }

    /// Puts this process under them, and under those of a plan.
    pub(super) fn restrict(self, plan: &Plan) -> io::Result<()> {
        let names = AccessFs::MakeDir
            | AccessFs::MakeReg
            | AccessFs::MakeSock
            | AccessFs::MakeFifo
            | AccessFs::MakeSym
            | AccessFs::MakeChar
            | AccessFs::MakeBlock
            | AccessFs::Refer;
        let mut removal = BitFlags::<AccessFs>::empty();
        // Names are created by the supervisor only, which looks at them first: so nothing is gained by changing a name while
        // it looks.
        let mut places = AccessFs::from_write(ABI::V3);
        if plan.layers.seccomp && plan.guards_names() {
            places &= !names;
            if plan.guards_links() {
                removal |= AccessFs::RemoveFile;
                places &= !removal;
            }
        }
        let mut rules = self.0;
        for place in &plan.places {
            if place.access == Access::Write {
                let opened = open_place(place)?;
                rules = allow(rules, &opened, places)?;
            }
        }
        let status = rules.restrict_self().map_err(other)?;
        if let Some(readable) = &plan.readable {
            restrict_reading(readable)?;
        }
        match status.ruleset {
            RulesetStatus::FullyEnforced => Ok(()),
            // Namespaces hold what older versions don't.
            RulesetStatus::PartiallyEnforced if plan.layers.namespaces && !plan.network => Ok(()),
            RulesetStatus::PartiallyEnforced => Err(io::Error::other("this kernel's version is too old")),
            RulesetStatus::NotEnforced => Err(io::Error::other("this kernel has none")),
        }
    }
}

/// Leaves these folders and files to be read, and those of the sandbox.
fn restrict_reading(readable: &[Readable]) -> io::Result<()> {
    let handled = AccessFs::from_read(ABI::V1);
    let mut rules = Ruleset::default()
        .handle_access(handled)
        .map_err(other)?
        .create()
        .map_err(other)?;
    for folder in OWN_READABLE {
        if let Ok(folder) = PathFd::new(folder) {
            rules = allow(rules, &folder, handled)?;
        }
    }
    for place in readable {
        // What isn't there any more can't be read either.
        let Ok((file, is_folder)) = open_readable(place) else {
            continue;
        };
        let access = if is_folder {
            handled
        } else {
            handled & AccessFs::from_file(ABI::V1)
        };
        rules = allow(rules, &file, access)?;
    }
    match rules.restrict_self().map_err(other)?.ruleset {
        RulesetStatus::FullyEnforced => Ok(()),
        RulesetStatus::PartiallyEnforced | RulesetStatus::NotEnforced => {
            Err(io::Error::other("this kernel can't keep files from being read"))
        }
    }
}

fn allow(rules: RulesetCreated, file: &impl AsFd, access: BitFlags<AccessFs>) -> io::Result<RulesetCreated> {
    let file: BorrowedFd<'_> = file.as_fd();
    rules.add_rule(PathBeneath::new(file, access)).map_err(other)
}

#[expect(clippy::needless_pass_by_value, reason = "that is how errors are mapped")]
fn other(error: RulesetError) -> io::Error {
    io::Error::other(error.to_string())
}
