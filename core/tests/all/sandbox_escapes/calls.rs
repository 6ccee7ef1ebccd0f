//! Attempts by system calls that no ordinary program makes. They run in a process of their own, in the workspace.

#![expect(unsafe_code, reason = "raw system calls are what is tried")]

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream};
use std::path::PathBuf;

use nix::libc;

/// Makes an attempt; whether it succeeded.
pub(crate) fn attempt(name: &str) -> bool {
    match name {
        "exchange" => rename(c"a", &outside("file"), libc::RENAME_EXCHANGE) || move_in(),
        "exchange_git" => rename(c"a", c".git", libc::RENAME_EXCHANGE) || rename(c"a", c".git", 0),
        "exchange_folders" => rename(c"a", c"c", libc::RENAME_EXCHANGE),
        "tmpfile" => tmpfile(&outside("new")),
        "tmpfile_git" => tmpfile(c".git"),
        "openat2" => openat2(&outside("new")),
        "openat2_git" => openat2(c".git"),
        "creat_git" => unsafe { libc::creat(c".git".as_ptr(), 0o644) >= 0 },
        "bind_git" => UnixListener::bind(".git").is_ok(),
        "racing_path" => racing_path(),
        "racing_link" => racing_link(),
        "connect_out" => UnixStream::connect(others().1.join("stream")).is_ok(),
        "connect_out_by_link" => {
            symlink(others().1.join("stream"), "s").is_ok() && UnixStream::connect("s").is_ok()
        }
        "connect_after_bind" => connect_after_bind(),
        "send_datagram" => UnixDatagram::unbound()
            .is_ok_and(|socket| socket.send_to(b"x", others().1.join("datagram")).is_ok()),
        "send_raw_datagram" => raw_datagram(),
        "connect_abstract" => SocketAddr::from_abstract_name(&others().2)
            .is_ok_and(|address| UnixStream::connect_addr(&address).is_ok()),
        "connect_host" => TcpStream::connect(("127.0.0.1", others().0)).is_ok(),
        "connect_port" => TcpStream::connect(("127.0.0.1", number("SANDBOX_TEST_PORT"))).is_ok(),
        "packet_socket" => socket(libc::AF_PACKET, libc::SOCK_RAW, 0),
        "kernel_events" => socket(libc::AF_NETLINK, libc::SOCK_RAW, 15),
        "vsock" => socket(libc::AF_VSOCK, libc::SOCK_STREAM, 0),
        "kernel_crypto" => socket(libc::AF_ALG, libc::SOCK_SEQPACKET, 0),
        "inet_socket" => socket(libc::AF_INET, libc::SOCK_STREAM, 0),
        "shared_memory" => done(unsafe { libc::shmget(libc::IPC_PRIVATE, 4096, 0o600) }.into()),
        "setxattr" => {
            let path = outside("file");
            let (name, value) = (c"user.x", c"y");
            unsafe { libc::setxattr(path.as_ptr(), name.as_ptr(), value.as_ptr().cast(), 1, 0) == 0 }
        }
        _ => kernel(name),
    }
}

fn kernel(name: &str) -> bool {
    let null = std::ptr::null_mut::<u8>();
    match name {
        "clone_user_namespace" => clone_namespace(),
        "clone3_user_namespace" => {
            let mut arguments = [0_u64; 11];
            arguments[0] = libc::CLONE_NEWUSER as u64;
            arguments[4] = libc::SIGCHLD as u64;
            let id = unsafe { libc::syscall(libc::SYS_clone3, arguments.as_ptr(), size_of_val(&arguments)) };
            if id == 0 {
                std::process::exit(0);
            }
            id > 0
        }
        "add_key" => done(unsafe {
            libc::syscall(
                libc::SYS_add_key,
                c"user".as_ptr(),
                c"sandbox-test".as_ptr(),
                c"x".as_ptr(),
                1,
                -3,
            )
        }),
        "keyctl" => done(unsafe { libc::syscall(libc::SYS_keyctl, 0, -3, 1) }),
        "bpf" => {
            let map = [2_u32, 4, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
            done(unsafe { libc::syscall(libc::SYS_bpf, 0, map.as_ptr(), size_of_val(&map)) })
        }
        "perf" => {
            // Software clock of this process.
            let mut attributes = [0_u32; 32];
            (attributes[0], attributes[1]) = (1, 128);
            done(unsafe { libc::syscall(libc::SYS_perf_event_open, attributes.as_ptr(), 0, -1, -1, 0) })
        }
        "userfaultfd" => done(unsafe { libc::syscall(libc::SYS_userfaultfd, 1) }),
        "io_uring" => {
            let mut parameters = [0_u8; 120];
            done(unsafe { libc::syscall(libc::SYS_io_uring_setup, 1, parameters.as_mut_ptr()) })
        }
        "lease" => {
            let file = File::create("leased").unwrap();
            drop(file);
            let file = File::open("leased").unwrap();
            done(unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETLEASE, libc::F_RDLCK) }.into())
        }
        "file_handle" => {
            let mut handle = [0_u8; 136];
            handle[0] = 128;
            let mut mount = 0;
            let path = outside("file");
            let named = done(unsafe {
                libc::syscall(
                    libc::SYS_name_to_handle_at,
                    libc::AT_FDCWD,
                    path.as_ptr(),
                    handle.as_mut_ptr(),
                    &raw mut mount,
                    0,
                )
            });
            let root = File::open("/").unwrap();
            named
                && done(unsafe {
                    libc::syscall(
                        libc::SYS_open_by_handle_at,
                        root.as_raw_fd(),
                        handle.as_ptr(),
                        libc::O_RDWR,
                    )
                })
        }
        "int80" => int80(),
        "x32" => done(unsafe { libc::syscall(0x4000_0000 + libc::SYS_getpid) }),
        "personality" => done(unsafe { libc::personality(0x0400_0000) }.into()),
        "ptrace" => {
            let process = number("SANDBOX_TEST_PROCESS");
            done(unsafe {
                libc::ptrace(
                    libc::PTRACE_ATTACH,
                    i32::from_ne_bytes(u32::to_ne_bytes(process)),
                    null,
                    null,
                )
            })
        }
        "read_memory" => {
            let mut byte = [0_u8];
            let path = format!("/proc/{}/mem", number::<u32>("SANDBOX_TEST_PROCESS"));
            let maps = std::fs::read_to_string(path.replace("/mem", "/maps")).unwrap_or_default();
            let start = maps
                .split('-')
                .next()
                .and_then(|text| u64::from_str_radix(text, 16).ok());
            start.is_some_and(|start| {
                std::os::unix::fs::FileExt::read_at(&File::open(path).unwrap(), &mut byte, start).is_ok()
            })
        }
        "priority" => {
            let process = number("SANDBOX_TEST_PROCESS");
            unsafe { libc::setpriority(libc::PRIO_PROCESS, process, 5) == 0 }
        }
        "prlimit" => {
            let process = std::env::var("SANDBOX_TEST_PROCESS").map_or_else(
                |_| std::os::unix::process::parent_id(),
                |text| text.parse().unwrap(),
            );
            let limit = libc::rlimit {
                rlim_cur: 100_000,
                rlim_max: 100_000,
            };
            let process = i32::from_ne_bytes(process.to_ne_bytes());
            unsafe { libc::prlimit(process, libc::RLIMIT_CPU, &raw const limit, std::ptr::null_mut()) == 0 }
        }
        "type_into_terminal" => type_into_terminal(),
        _ => panic!("no attempt is called {name}"),
    }
}

fn done(result: libc::c_long) -> bool {
    result >= 0
}

fn outside(name: &str) -> CString {
    let folder = std::env::var("O").unwrap();
    CString::new(format!("{folder}/{name}")).unwrap()
}

fn number<N: std::str::FromStr>(name: &str) -> N {
    let text = std::env::var(name).unwrap_or_default();
    text.parse().ok().expect("a number")
}

/// What others listen on: a port, a folder of sockets, and a name.
fn others() -> (u16, PathBuf, String) {
    let text = std::env::var("SANDBOX_TEST_OTHERS").unwrap();
    let mut words = text.split(' ');
    let mut next = || words.next().unwrap().to_owned();
    (next().parse().unwrap(), next().into(), next())
}

fn rename(from: &CStr, to: &CStr, flags: libc::c_uint) -> bool {
    unsafe { libc::renameat2(libc::AT_FDCWD, from.as_ptr(), libc::AT_FDCWD, to.as_ptr(), flags) == 0 }
}

/// Something from outside appears in the folder `a`.
fn move_in() -> bool {
    rename(&outside("file"), c"a/file", 0)
}

fn tmpfile(to: &CStr) -> bool {
    let file = unsafe { libc::open(c".".as_ptr(), libc::O_TMPFILE | libc::O_RDWR, 0o644) };
    let path = CString::new(format!("/proc/self/fd/{file}")).unwrap();
    unsafe {
        libc::linkat(
            libc::AT_FDCWD,
            path.as_ptr(),
            libc::AT_FDCWD,
            to.as_ptr(),
            libc::AT_SYMLINK_FOLLOW,
        ) == 0
    }
}

fn openat2(path: &CStr) -> bool {
    let how = [(libc::O_CREAT | libc::O_WRONLY) as u64, 0o644, 0];
    done(unsafe { libc::syscall(libc::SYS_openat2, libc::AT_FDCWD, path.as_ptr(), how.as_ptr(), 24) })
}

/// One thread changes the path, while another one creates what it names.
fn racing_path() -> bool {
    use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
    static STOP: AtomicBool = AtomicBool::new(false);
    static PATH: [AtomicU8; 5] = [
        AtomicU8::new(b'x'),
        AtomicU8::new(b'g'),
        AtomicU8::new(b'i'),
        AtomicU8::new(b't'),
        AtomicU8::new(0),
    ];
    let changing = std::thread::spawn(|| {
        while !STOP.load(Ordering::Relaxed) {
            PATH[0].store(b'.', Ordering::Relaxed);
            PATH[0].store(b'x', Ordering::Relaxed);
        }
    });
    let mut through = false;
    for _ in 0..3000 {
        unsafe {
            let path = PATH.as_ptr().cast::<libc::c_char>();
            let file = libc::open(path, libc::O_CREAT | libc::O_WRONLY, 0o644);
            if file >= 0 {
                libc::close(file);
            }
            libc::mkdir(path, 0o755);
            libc::unlink(c"xgit".as_ptr());
            libc::rmdir(c"xgit".as_ptr());
        }
        if std::fs::symlink_metadata(".git").is_ok() {
            through = true;
            break;
        }
    }
    STOP.store(true, Ordering::Relaxed);
    changing.join().unwrap();
    through
}

/// One thread turns a link, while another one creates what is behind it.
fn racing_link() -> bool {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    static STOP: AtomicBool = AtomicBool::new(false);
    static CHANGES: AtomicUsize = AtomicUsize::new(0);
    std::fs::create_dir("sub").unwrap();
    let changing = std::thread::spawn(|| {
        while !STOP.load(Ordering::Relaxed) {
            for to in ["sub", "."] {
                let _ = std::fs::remove_file("way2");
                let _ = symlink(to, "way2");
                let _ = std::fs::rename("way2", "way");
                CHANGES.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    let mut through = false;
    let mut tries = 0;
    // A machine with other work may let one of the two wait.
    while tries < 2000 || (tries < 1_000_000 && CHANGES.load(Ordering::Relaxed) < 1000) {
        tries += 1;
        let _ = File::create("way/.git");
        let _ = std::fs::remove_file("sub/.git");
        if std::fs::symlink_metadata(".git").is_ok() {
            through = true;
            break;
        }
    }
    STOP.store(true, Ordering::Relaxed);
    changing.join().unwrap();
    through
}

/// Binds a name, then puts another socket in its place.
fn connect_after_bind() -> bool {
    let folder = others().1;
    let listener = UnixListener::bind("stream").unwrap();
    std::fs::remove_file("stream").unwrap();
    drop(listener);
    symlink(folder.join("stream"), "stream").unwrap();
    UnixStream::connect("stream").is_ok()
}

/// A Unix socket of the kind RAW is one for datagrams.
fn raw_datagram() -> bool {
    let path = others().1.join("datagram");
    let path = path.to_str().unwrap().as_bytes();
    unsafe {
        let socket = libc::socket(libc::AF_UNIX, libc::SOCK_RAW, 0);
        let mut address: libc::sockaddr_un = std::mem::zeroed();
        address.sun_family = 1;
        for (to, from) in address.sun_path.iter_mut().zip(path) {
            *to = from.cast_signed();
        }
        let length = u32::try_from(size_of_val(&address)).unwrap();
        libc::sendto(
            socket,
            c"x".as_ptr().cast(),
            1,
            0,
            (&raw const address).cast(),
            length,
        ) == 1
    }
}

fn socket(family: i32, kind: i32, protocol: i32) -> bool {
    unsafe { libc::socket(family, kind, protocol) >= 0 }
}

fn clone_namespace() -> bool {
    let flags = libc::CLONE_NEWUSER | libc::SIGCHLD;
    let id = unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) };
    if id == 0 {
        std::process::exit(0);
    }
    id > 0
}

#[cfg(target_arch = "x86_64")]
fn int80() -> bool {
    let number: u64;
    // getpid of the old table.
    unsafe {
        std::arch::asm!("int 0x80", inlateout("rax") 20_u64 => number, out("r8") _, out("r9") _, out("r10") _, out("r11") _);
    }
    u32::try_from(number).is_ok_and(|number| number == std::process::id())
}

#[cfg(not(target_arch = "x86_64"))]
fn int80() -> bool {
    false
}

/// Types into a terminal of its own. As root, nothing else stands in the way.
fn type_into_terminal() -> bool {
    let mut master = File::options().read(true).write(true).open("/dev/ptmx").unwrap();
    let slave = unsafe {
        libc::grantpt(master.as_raw_fd());
        libc::unlockpt(master.as_raw_fd());
        let mut number: libc::c_int = 0;
        libc::ioctl(master.as_raw_fd(), libc::TIOCGPTN, &raw mut number);
        File::options()
            .read(true)
            .write(true)
            .open(format!("/dev/pts/{number}"))
            .unwrap()
    };
    // Asked of the kernel by a session that owns the terminal.
    let typed = unsafe {
        libc::setsid();
        libc::ioctl(slave.as_raw_fd(), libc::TIOCSCTTY, 0);
        libc::ioctl(slave.as_raw_fd(), libc::TIOCSTI, c"x".as_ptr())
    };
    let _ = master.write(b"\n");
    let mut byte = [0];
    let _ = master.read(&mut byte);
    if typed == 0 {
        std::io::stdout().write_all(b"typed\n").unwrap();
    }
    typed == 0
}
