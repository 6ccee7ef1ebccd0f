//! Names within writable folders that stay as they are.

use super::Canary::{Appears, Changes};
use super::{escape, refuse_all, refuse_all_in};
use crate::sandbox_support::workspace_write;

#[test]
fn names_that_are_not_there_do_not_appear() {
    refuse_all(&[
        escape("folder", "", "mkdir .git", Appears("work/.git")),
        escape("folder with a slash", "", "mkdir .git/", Appears("work/.git")),
        escape("folders", "", "mkdir -p .codex/rules", Appears("work/.codex")),
        escape("file", "", "echo x > .agents", Appears("work/.agents")),
        escape("touch", "", "touch .aws", Appears("work/.aws")),
        escape("link", "", "ln -s $O .git", Appears("work/.git")),
        escape("hard link", "echo x > $W/a", "ln a .git", Appears("work/.git")),
        escape("rename", "mkdir $W/a", "mv a .git", Appears("work/.git")),
        escape("fifo", "", "mkfifo .git", Appears("work/.git")),
        escape("by its absolute path", "", "mkdir $W/.git", Appears("work/.git")),
        escape(
            "by a detour",
            "mkdir $W/a",
            "mkdir a/../.git",
            Appears("work/.git"),
        ),
        escape("by dots", "", "mkdir ././/.git", Appears("work/.git")),
        escape(
            "by a link to the folder",
            "ln -s . $W/a",
            "mkdir a/.git",
            Appears("work/.git"),
        ),
        escape(
            "by a link to the name",
            "ln -s .git $W/a",
            "echo x > a",
            Appears("work/.git"),
        ),
        escape(
            "by a chain of links",
            "ln -s b $W/a; ln -s .git $W/b",
            "echo x > a",
            Appears("work/.git"),
        ),
        escape(
            "by an absolute link",
            "ln -s $W/.codex $W/a",
            "echo x > a",
            Appears("work/.codex"),
        ),
        escape(
            "by the working folder",
            "",
            "mkdir /proc/self/cwd/.git",
            Appears("work/.git"),
        ),
        escape(
            "by a descriptor",
            "",
            "exec 5<.; mkdir /proc/self/fd/5/.git",
            Appears("work/.git"),
        ),
        escape(
            "by the root link",
            "",
            "mkdir /proc/self/root$W/.git",
            Appears("work/.git"),
        ),
        escape("git init", "", "git init -q", Appears("work/.git")),
        escape(
            "git init for later",
            "",
            "git init -q a && mv a/.git .git",
            Appears("work/.git"),
        ),
        escape(
            "git clone",
            "git init -q $W/a",
            "git clone -q a b; mv b/.git .",
            Appears("work/.git"),
        ),
        escape(
            "copy",
            "mkdir -p $W/a/.git",
            "cp -r a/.git .",
            Appears("work/.git"),
        ),
        escape(
            "tar",
            "mkdir -p $W/a/.codex; tar -cf $W/t -C $W/a .codex",
            "tar -xf t",
            Appears("work/.codex"),
        ),
        escape("upper case", "", "mkdir .GIT", Appears("work/.GIT")),
        escape(
            "exchange",
            "mkdir $W/a",
            "call exchange_git",
            Appears("work/.git"),
        ),
        escape("openat2", "", "call openat2_git", Appears("work/.git")),
        escape("creat", "", "call creat_git", Appears("work/.git")),
        escape(
            "link of a file without a name",
            "",
            "call tmpfile_git",
            Appears("work/.git"),
        ),
        escape("socket", "", "call bind_git", Appears("work/.git")),
        escape(
            "a path that changes",
            "",
            "call racing_path",
            Appears("work/.git"),
        ),
        escape(
            "a folder that changes",
            "",
            "call racing_link",
            Appears("work/.git"),
        ),
        escape(
            "in a loop",
            "",
            "for i in 1 2 3 4 5 6 7 8 9; do mkdir .git; done",
            Appears("work/.git"),
        ),
    ]);
}

#[test]
fn names_that_are_there_do_not_change() {
    refuse_all_in(
        &[
            escape(
                "create",
                "git init -q $W",
                "echo x > .git/hooks/post-commit",
                Appears("work/.git/hooks/post-commit"),
            ),
            escape(
                "configuration",
                "git init -q $W",
                "git config core.fsmonitor x",
                Changes("work/.git/config"),
            ),
            escape("rename", "git init -q $W", "mv .git a", Appears("work/a")),
            escape(
                "remove",
                "git init -q $W",
                "rm -rf .git",
                Changes("work/.git/config"),
            ),
            escape(
                "rename over",
                "mkdir $W/.codex $W/a",
                "mv -T a .codex",
                Changes("work/.codex"),
            ),
            escape(
                "chmod",
                "mkdir $W/.codex",
                "chmod 777 .codex",
                Changes("work/.codex"),
            ),
            escape(
                "a file",
                "echo x > $W/.git",
                "echo y > .git",
                Changes("work/.git"),
            ),
            escape(
                "a file is removed",
                "echo x > $W/.git",
                "rm -f .git",
                Changes("work/.git"),
            ),
            escape(
                "a file by hard link",
                "echo x > $W/.git",
                "ln .git a && echo y > a",
                Changes("work/.git"),
            ),
            escape(
                "a link",
                "mkdir $W/a; ln -s a $W/.git",
                "rm .git",
                Changes("work/.git"),
            ),
            escape(
                "a link is moved",
                "mkdir $W/a; ln -s a $W/.git",
                "mv .git b",
                Changes("work/.git"),
            ),
            escape(
                "a link's target",
                "mkdir $W/a; ln -s a $W/.git",
                "echo x > a/hooks",
                Appears("work/a/hooks"),
            ),
            escape(
                "a link's way",
                "mkdir $W/a; ln -s b $W/.git; ln -s a $W/b",
                "rm -f b; mkdir b",
                Changes("work/b"),
            ),
            escape(
                "a link's way is moved",
                "mkdir $W/a; ln -s b $W/.git; ln -s a $W/b",
                "mv b c",
                Changes("work/b"),
            ),
            escape(
                "a folder on a link's way",
                "mkdir -p $W/a/b; ln -s a/b $W/.git",
                "mv a c",
                Appears("work/c"),
            ),
            escape(
                "a link's missing target",
                "ln -s a $W/.git",
                "mkdir a",
                Appears("work/a"),
            ),
            escape(
                "a link's missing target, deeper",
                "mkdir $W/d; ln -s d/a/b $W/.codex",
                "mkdir -p d/a/b",
                Appears("work/d/a"),
            ),
            escape(
                "exchange",
                "mkdir $W/.git $W/a; echo x > $W/a/y",
                "call exchange_git",
                Appears("work/.git/y"),
            ),
            escape(
                "the parent",
                "mkdir $W/.git",
                "cd ..; mv work work2",
                Appears("work2"),
            ),
        ],
        |ground| ground.policy = workspace_write(false),
    );
}

#[test]
fn folders_on_the_way_to_an_inner_root_stay_where_they_are() {
    refuse_all_in(
        &[
            escape("rename", "mkdir -p $W/a/b/.git", "mv a c", Appears("work/c")),
            escape(
                "rename of the root",
                "mkdir -p $W/a/b/.git",
                "mv a/b a/c",
                Appears("work/a/c"),
            ),
            escape(
                "exchange",
                "mkdir $W/c; touch $W/c/here",
                "call exchange_folders",
                Appears("work/a/here"),
            ),
            escape(
                "a name in the inner root",
                "",
                "mkdir a/b/.git",
                Appears("work/a/b/.git"),
            ),
            escape("a name in the outer root", "", "mkdir .git", Appears("work/.git")),
        ],
        |ground| {
            let inner = ground.work().join("a/b");
            std::fs::create_dir_all(&inner).unwrap();
            ground.roots = vec![inner];
        },
    );
}

#[test]
fn the_home_of_the_daemon_is_protected_in_a_root() {
    refuse_all_in(
        &[
            escape(
                "create",
                "",
                "echo x > $H/config.toml",
                Appears("home/config.toml"),
            ),
            escape("rename", "", "mv $H $W/a", Changes("home")),
            escape("token", "", "echo x > $H/auth.json", Changes("home/auth.json")),
            escape(
                "the parent",
                "",
                "cd /; mv ${H%/*} ${H%/*}2 && mv ${H%/*}2 ${H%/*} && touch $O/moved",
                Appears("outside/moved"),
            ),
        ],
        |ground| ground.roots = vec![ground.codex_home(), ground.work().parent().unwrap().to_owned()],
    );
}

#[test]
fn start_up_files_are_protected_in_a_home_that_is_a_workspace() {
    refuse_all_in(
        &[
            escape("new", "", "echo x > .bashrc", Appears("work/.bashrc")),
            escape(
                "old",
                "echo x > $W/.profile",
                "echo y > .profile",
                Changes("work/.profile"),
            ),
            escape(
                "git",
                "",
                "HOME=$W git config --global a.b c",
                Appears("work/.gitconfig"),
            ),
            escape("keys", "", "mkdir .ssh", Appears("work/.ssh")),
        ],
        |ground| ground.home = Some(ground.work()),
    );
}
