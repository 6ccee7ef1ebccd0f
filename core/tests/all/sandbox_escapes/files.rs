//! Writing outside, and reading what is hidden.

use codex_core::ProfileRules;

use super::Canary::{Appears, Changes, Says, Succeeds};
use super::{Escape, as_root, escape, refuse_all, refuse_all_in};
use crate::sandbox_support::{Ground, workspace_write};

const OUTSIDE: &[Escape] = &[
    escape("create", "", "echo x > $O/new", Appears("outside/new")),
    escape("append", "", "echo x >> $O/file", Changes("outside/file")),
    escape("truncate", "", "truncate -s 0 $O/file", Changes("outside/file")),
    escape("folder", "", "mkdir $O/new", Appears("outside/new")),
    escape("link", "", "ln -s x $O/new", Appears("outside/new")),
    escape(
        "hard link out",
        "echo x > $W/a",
        "ln $W/a $O/new",
        Appears("outside/new"),
    ),
    escape("fifo", "", "mkfifo $O/new", Appears("outside/new")),
    escape(
        "move out",
        "echo x > $W/a",
        "mv $W/a $O/new",
        Appears("outside/new"),
    ),
    escape("move in", "", "mv $O/file $W/a", Changes("outside/file")),
    escape("remove", "", "rm -f $O/file", Changes("outside/file")),
    escape("chmod", "", "chmod 777 $O/file", Changes("outside/file")),
    escape(
        "touch",
        "",
        "touch -d 2001-01-01 $O/file",
        Changes("outside/file"),
    ),
    escape(
        "copy over",
        "echo x > $W/a",
        "cp $W/a $O/file",
        Changes("outside/file"),
    ),
    escape(
        "dd",
        "",
        "echo x | dd of=$O/file conv=notrunc",
        Changes("outside/file"),
    ),
    escape("parent", "", "echo x > $W/../outside/new", Appears("outside/new")),
    escape(
        "through the working folder",
        "",
        "echo x > /proc/self/cwd/../outside/new",
        Appears("outside/new"),
    ),
    escape(
        "through the root link",
        "",
        "echo x > /proc/self/root$O/new",
        Appears("outside/new"),
    ),
    escape(
        "through the init's root",
        "",
        "echo x > /proc/1/root$O/new; echo x > /proc/$PPID/root$O/new",
        Appears("outside/new"),
    ),
    escape(
        "a new link",
        "",
        "ln -s $O l; echo x > l/new",
        Appears("outside/new"),
    ),
    escape(
        "a link that was there",
        "ln -s $O $W/l",
        "echo x > l/new",
        Appears("outside/new"),
    ),
    escape(
        "a link that dangles",
        "ln -s $O/new $W/l",
        "echo x > l",
        Appears("outside/new"),
    ),
    escape(
        "a relative link",
        "",
        "ln -s ../outside l; echo x > l/new",
        Appears("outside/new"),
    ),
    escape(
        "a hard link in",
        "",
        "ln $O/file h && echo x > h",
        Changes("outside/file"),
    ),
    escape(
        "a hard link that was there is moved",
        "ln -s $O/file $W/l",
        "cat l > a; echo x > l",
        Changes("outside/file"),
    ),
    escape(
        "remove by link",
        "ln -s $O $W/l",
        "rm -f l/file",
        Changes("outside/file"),
    ),
    escape(
        "a folder of links",
        "",
        "mkdir a; ln -s $O a/b; cp -r /etc/hostname a/b/new",
        Appears("outside/new"),
    ),
    escape("move the workspace", "", "cd / && mv $W ${W}2", Appears("work2")),
    escape(
        "remove the workspace",
        "",
        "cd / && rmdir $W; ls -d $W || echo gone",
        Says("gone"),
    ),
    escape(
        "the daemon's home",
        "",
        "echo x > $H/config.toml",
        Appears("home/config.toml"),
    ),
    escape(
        "rules",
        "",
        "mkdir -p $H/rules && echo x > $H/rules/a.rules",
        Appears("home/rules"),
    ),
    escape(
        "rename over",
        "echo x > $W/a",
        "mv -f $W/a $O/file",
        Changes("outside/file"),
    ),
    escape(
        "tar",
        "echo x > $W/new; tar -cf $W/t.tar -C $W new",
        "tar -xf t.tar -C $O",
        Appears("outside/new"),
    ),
    escape("git init", "", "git init -q $O/new", Appears("outside/new")),
    escape(
        "extended rename",
        "mkdir $W/a",
        "call exchange",
        Changes("outside/file"),
    ),
    escape("file without a name", "", "call tmpfile", Appears("outside/new")),
    escape("open2", "", "call openat2", Appears("outside/new")),
    escape(
        "by a folder's descriptor",
        "",
        "exec 5<$O; echo x > /proc/self/fd/5/new",
        Appears("outside/new"),
    ),
];

#[test]
fn writing_outside() {
    refuse_all(OUTSIDE);
}

#[test]
fn writing_outside_without_landlock() {
    refuse_all_in(OUTSIDE, |ground| ground.layers.landlock = false);
}

#[test]
fn writing_outside_without_a_filter() {
    refuse_all_in(OUTSIDE, |ground| ground.layers.seccomp = false);
}

#[test]
fn writing_when_only_reading_is_allowed() {
    refuse_all_in(
        &[
            escape("create", "", "echo x > a", Appears("work/a")),
            escape("folder", "", "mkdir a", Appears("work/a")),
            escape("link", "", "ln -s x a", Appears("work/a")),
            escape("append", "echo x > $W/a", "echo y >> $W/a", Changes("work/a")),
            escape("remove", "echo x > $W/a", "rm -f $W/a", Changes("work/a")),
            escape("chmod", "echo x > $W/a", "chmod 777 $W/a", Changes("work/a")),
            escape(
                "touch",
                "echo x > $W/a",
                "touch -d 2001-01-01 $W/a",
                Changes("work/a"),
            ),
            escape(
                "temporary",
                "",
                "f=$(mktemp /tmp/sandbox-test-XXXXXX) && echo made && rm $f",
                Says("made"),
            ),
        ],
        read_only,
    );
}

#[test]
fn the_same_without_namespaces() {
    refuse_all_in(
        &[
            escape("create", "", "echo x > a", Appears("work/a")),
            escape("folder", "", "mkdir a", Appears("work/a")),
            escape("link", "", "ln -s x a", Appears("work/a")),
            escape("hard link", "echo x > $W/a", "ln a b", Appears("work/b")),
            escape("append", "echo x > $W/a", "echo y >> $W/a", Changes("work/a")),
            escape(
                "truncate",
                "echo x > $W/a",
                "truncate -s 0 $W/a",
                Changes("work/a"),
            ),
            escape("remove", "echo x > $W/a", "rm -f $W/a", Changes("work/a")),
            escape("rename", "echo x > $W/a", "mv a b", Appears("work/b")),
            escape("chmod", "echo x > $W/a", "chmod 777 $W/a", Changes("work/a")),
            escape(
                "touch",
                "echo x > $W/a",
                "touch -d 2001-01-01 $W/a",
                Changes("work/a"),
            ),
            escape("fifo", "", "mkfifo a", Appears("work/a")),
            escape("signal", "", "kill -0 $PPID", Succeeds),
            escape("memory queue", "", "call shared_memory", Succeeds),
            escape("limits of others", "", "call prlimit", Succeeds),
            escape("unix sockets", "", "call connect_out", Succeeds),
            escape("inet sockets", "", "call inet_socket", Succeeds),
            as_root(
                "owner",
                "echo > a; chown 1:1 a; chown 1:1 $O/file",
                Changes("outside/file"),
            ),
            as_root("attribute", "call setxattr", Succeeds),
        ],
        |ground| {
            read_only(ground);
            ground.layers.namespaces = false;
        },
    );
}

#[test]
fn reading_what_is_hidden() {
    refuse_all(&[
        escape("token", "", "cat $H/auth.json", Says("the token")),
        escape(
            "token by link",
            "ln -s $H/auth.json $W/l",
            "cat l",
            Says("the token"),
        ),
        escape(
            "token by the root link",
            "",
            "cat /proc/self/root$H/auth.json",
            Says("the token"),
        ),
        escape(
            "token by hard link",
            "",
            "ln $H/auth.json a; cat a",
            Says("the token"),
        ),
        escape(
            "token after a move",
            "",
            "mv $H ${H}2; cat ${H}2/auth.json",
            Says("the token"),
        ),
    ]);
    refuse_all_in(
        &[
            escape("file", "", "cat $O/file", Says("untouched")),
            escape("folder", "", "ls $O", Says("file")),
            escape("after chmod", "", "chmod 755 $O; cat $O/file", Says("untouched")),
        ],
        |ground| {
            ground.policy = workspace_write(false);
            ground.profile = Some(ProfileRules {
                deny_read: vec![ground.outside()],
                ..ProfileRules::default()
            });
        },
    );
}

fn read_only(ground: &mut Ground) {
    ground.policy = Ground::read_only().policy;
}
