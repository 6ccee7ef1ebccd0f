//! The seccomp filter: which system calls a command may make, by their arguments where these decide. `program` writes it
//! as BPF.

mod program;

use std::io;

use nix::libc;

use super::syscalls::Instruction;
use program::{Rules, Test, has, is, is_not};

const NOTIFY: u32 = 0x7fc0_0000;
const ERRNO: u32 = 0x0005_0000;

/// The first call that nobody has looked at here: unknown ones don't exist.
const UNKNOWN: u32 = 467;

/// What the filter is for.
#[derive(Debug, Clone, Copy)]
pub(super) struct FilterOptions {
    /// The host's network may be used.
    pub(super) network: bool,
    /// There are namespaces; without them the filter has to deny more.
    pub(super) namespaces: bool,
    /// A supervisor decides about calls that create files.
    pub(super) guards_names: bool,
    /// And about calls that remove them.
    pub(super) guards_links: bool,
}

/// Calls that no command gets.
const DENIED: &[libc::c_long] = &[
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_process_mrelease,
    libc::SYS_kcmp,
    libc::SYS_pidfd_getfd,
    libc::SYS_open_by_handle_at,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_reboot,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_acct,
    libc::SYS_syslog,
    libc::SYS_lookup_dcookie,
    libc::SYS_nfsservctl,
    libc::SYS_vhangup,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_fanotify_init,
    libc::SYS_fanotify_mark,
    libc::SYS_move_pages,
    libc::SYS_migrate_pages,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_iopl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ioperm,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_uselib,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ustat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_sysfs,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_modify_ldt,
    #[cfg(target_arch = "x86_64")]
    libc::SYS__sysctl,
];

/// Calls for which programs have another way when the kernel doesn't know them.
const UNAVAILABLE: &[libc::c_long] = &[
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    // Its flags are out of a filter's sight; the C library then uses clone.
    libc::SYS_clone3,
    libc::SYS_memfd_secret,
];

/// Calls that only a mount or a process namespace makes harmless: they change files that can't be written, or reach
/// other processes.
const DENIED_WITHOUT_NAMESPACES: &[libc::c_long] = &[
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_fchmodat2,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_utimensat,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_fsetxattr,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    libc::SYS_fremovexattr,
    463, // setxattrat
    466, // removexattrat
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_semget,
    libc::SYS_semop,
    libc::SYS_semtimedop,
    libc::SYS_msgget,
    libc::SYS_msgsnd,
    libc::SYS_msgrcv,
    libc::SYS_shmctl,
    libc::SYS_semctl,
    libc::SYS_msgctl,
    libc::SYS_mq_open,
    libc::SYS_mq_unlink,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_chmod,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_chown,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_lchown,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_utime,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_utimes,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_futimesat,
];

/// Calls on another process, which a process may make on itself by giving 0: the call, and the argument that names it.
const OWN_PROCESS_ONLY: &[(libc::c_long, u32)] = &[
    (libc::SYS_prlimit64, 0),
    (libc::SYS_sched_setaffinity, 0),
    (libc::SYS_sched_setscheduler, 0),
    (libc::SYS_sched_setparam, 0),
    (libc::SYS_sched_setattr, 0),
    (libc::SYS_setpriority, 1),
    (libc::SYS_ioprio_set, 1),
];

/// Calls that create names.
const CREATING: &[libc::c_long] = &[
    libc::SYS_mkdirat,
    libc::SYS_mknodat,
    libc::SYS_symlinkat,
    libc::SYS_linkat,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_openat2,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_mkdir,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_mknod,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_symlink,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_link,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_rename,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_creat,
];

/// Calls that remove names.
const REMOVING: &[libc::c_long] = &[
    libc::SYS_unlinkat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_unlink,
];

const NAMESPACE_FLAGS: u32 = (libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET)
    .cast_unsigned();

/// ioctl requests that act on a terminal as if a person typed, or change what the terminal is.
const TERMINAL_REQUESTS: [u32; 4] = [
    0x5412, // TIOCSTI
    0x541c, // TIOCLINUX
    0x541d, // TIOCCONS
    0x5423, // TIOCSETD
];

/// ioctl requests that change inodes (flags, projects, versions) without opening them for writing.
const INODE_REQUESTS: [u32; 5] = [0x4008_6602, 0x4004_6602, 0x401c_5820, 0x4008_7602, 0x4004_7602];

/// The filter as the kernel takes it.
pub(super) fn program(options: FilterOptions) -> io::Result<Vec<Instruction>> {
    let mut filter = Rules::default();
    for call in DENIED {
        filter.add(*call, &[], errno(libc::EPERM));
    }
    for call in UNAVAILABLE {
        filter.add(*call, &[], errno(libc::ENOSYS));
    }
    filter.add(libc::SYS_clone, &[has(0, NAMESPACE_FLAGS)], errno(libc::EPERM));
    filter.add(libc::SYS_fcntl, &[is(1, 1024)], errno(libc::EPERM)); // F_SETLEASE
    for request in TERMINAL_REQUESTS {
        filter.add(libc::SYS_ioctl, &[is(1, request)], errno(libc::EPERM));
    }
    // Asking, the ordinary one, and without random addresses (debuggers).
    filter.add(
        libc::SYS_personality,
        &[is_not(0, u32::MAX), is_not(0, 0), is_not(0, 0x4_0000)],
        errno(libc::EPERM),
    );
    sockets(&mut filter, options);
    if options.guards_names {
        for call in CREATING {
            filter.add(*call, &[], NOTIFY);
        }
        let create = libc::O_CREAT.cast_unsigned();
        filter.add(libc::SYS_openat, &[has(2, create)], NOTIFY);
        #[cfg(target_arch = "x86_64")]
        filter.add(libc::SYS_open, &[has(1, create)], NOTIFY);
    }
    if options.guards_links {
        for call in REMOVING {
            filter.add(*call, &[], NOTIFY);
        }
    }
    if !options.namespaces {
        for call in DENIED_WITHOUT_NAMESPACES {
            filter.add(*call, &[], errno(libc::EPERM));
        }
        for (call, argument) in OWN_PROCESS_ONLY {
            filter.add(*call, &[is_not(*argument, 0)], errno(libc::EPERM));
        }
        for request in INODE_REQUESTS {
            filter.add(libc::SYS_ioctl, &[is(1, request)], errno(libc::EPERM));
        }
    }
    filter.program(UNKNOWN, errno(libc::ENOSYS))
}

fn sockets(filter: &mut Rules, options: FilterOptions) {
    const UNIX: u32 = libc::AF_UNIX.cast_unsigned();
    const INET: u32 = libc::AF_INET.cast_unsigned();
    const INET6: u32 = libc::AF_INET6.cast_unsigned();
    const NETLINK: u32 = libc::AF_NETLINK.cast_unsigned();
    const STREAM: u32 = libc::SOCK_STREAM.cast_unsigned();
    const PACKETS: u32 = libc::SOCK_SEQPACKET.cast_unsigned();
    let kind_is_not = |value| Test {
        mask: 0xf,
        ..is_not(1, value)
    };
    // A datagram carries its address where a filter can't see it.
    let datagram = [is(0, UNIX), kind_is_not(STREAM), kind_is_not(PACKETS)];
    filter.add(libc::SYS_socket, &datagram, errno(libc::EPERM));
    filter.add(libc::SYS_socketpair, &datagram, errno(libc::EPERM));
    // Of netlink, what tells about addresses and routes.
    filter.add(
        libc::SYS_socket,
        &[is(0, NETLINK), is_not(2, 0)],
        errno(libc::EPERM),
    );
    let mut other = vec![
        is_not(0, UNIX),
        is_not(0, NETLINK),
        is_not(0, INET),
        is_not(0, INET6),
    ];
    filter.add(libc::SYS_socket, &other, errno(libc::EAFNOSUPPORT));
    if options.namespaces {
        // Only the supervisor knows whether the other side is one of our own.
        filter.add(libc::SYS_connect, &[], NOTIFY);
        filter.add(libc::SYS_bind, &[], NOTIFY);
    } else {
        other.clear();
        if options.network {
            filter.add(libc::SYS_socket, &[is(0, UNIX)], errno(libc::EPERM));
        } else {
            filter.add(libc::SYS_socket, &other, errno(libc::EPERM));
        }
    }
}

const fn errno(number: i32) -> u32 {
    ERRNO | number.cast_unsigned()
}
