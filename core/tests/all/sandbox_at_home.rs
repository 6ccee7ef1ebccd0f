//! What commands need to feel at home, and must work in the sandbox. Each line of a table is a script that succeeds;
//! those that are about a program are left out where it is missing.

use std::fs;

use crate::sandbox_support::{Ground, has, put};

/// Runs scripts in one workspace each, and fails with all that failed.
#[track_caller]
fn work(scripts: &[(&str, &str)]) {
    work_in(scripts, |_| ());
}

#[track_caller]
fn work_in(scripts: &[(&str, &str)], prepare: fn(&mut Ground)) {
    let failed: Vec<String> = scripts
        .iter()
        .filter(|(program, _)| program.is_empty() || has(program))
        .flat_map(|(_, script)| [(script, false), (script, true)])
        .filter_map(|(script, ahead)| {
            let mut ground = Ground::new();
            ground.ahead = ahead;
            prepare(&mut ground);
            let ended = ground.sh(&format!("set -e\n{script}"));
            (!ended.status.success()).then(|| format!("{script}\n{ended:?}"))
        })
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

#[test]
fn files() {
    work(&[
        (
            "",
            "ls / /usr/bin /etc > /dev/null; cat /etc/passwd > /dev/null; uname -a; id",
        ),
        ("", "echo a > a; echo b >> a; test \"$(cat a)\" = \"a\nb\""),
        (
            "",
            "mkdir -p a/b/c; echo x > a/b/c/d; cp -r a e; mv e/b e/f; rm -r a; test -f e/f/c/d",
        ),
        (
            "",
            "ln -s a b; ln -s b c; echo x > c; test -f a; test \"$(readlink c)\" = b",
        ),
        (
            "",
            "echo x > a; ln a b; test \"$(stat -c %h a)\" = 2; mv -f a b || true",
        ),
        (
            "",
            "umask 077; echo x > a; mkdir b; test \"$(stat -c %a a)\" = 600; test \"$(stat -c %a b)\" = 700",
        ),
        (
            "",
            "echo x > a; chmod 751 a; touch -d 2001-02-03 a; test \"$(stat -c %a a)\" = 751",
        ),
        ("", "set -C; echo x > a; ! echo y > a; test \"$(cat a)\" = x"),
        (
            "",
            "mkdir a; ! mkdir a; ! rmdir b; mkdir -p a; rmdir a/; ! mkdir a/b",
        ),
        ("", "mkfifo p; (echo x > p) & test \"$(cat p)\" = x; wait"),
        (
            "",
            "f=$(mktemp ./t.XXXXXX); d=$(mktemp -d ./t.XXXXXX); test -f $f; test -d $d",
        ),
        (
            "",
            "echo x > /dev/null; head -c 5 /dev/zero | wc -c; head -c 5 /dev/urandom > /dev/null; test -c /dev/tty",
        ),
        (
            "",
            "echo x | tee /dev/stderr > /dev/stdout; cat < /dev/stdin < /dev/null; echo x > /dev/fd/1",
        ),
        (
            "",
            "echo x > /dev/shm/a; test \"$(cat /dev/shm/a)\" = x; mkdir /dev/shm/b; mv /dev/shm/a /dev/shm/b",
        ),
        (
            "",
            "echo x > /proc/self/cwd/a; test -f a; exec 5<.; echo y > /proc/self/fd/5/b; test -f b",
        ),
        (
            "",
            "mkdir sub; mkdir sub/.git sub/.codex; echo x > sub/.git/config; echo x > .gitignore",
        ),
        ("", "cd /; ls > /dev/null; cd - > /dev/null; echo x > a"),
        (
            "",
            "test \"$(df . | wc -l)\" -ge 2; stat -f . > /dev/null; du -s . > /dev/null",
        ),
        (
            "tar",
            "mkdir a; echo x > a/b; tar -czf a.tgz a; rm -r a; tar -xzf a.tgz; test -f a/b",
        ),
        (
            "",
            "dd if=/dev/zero of=big bs=1048576 count=20 2> /dev/null; test \"$(stat -c %s big)\" = 20971520",
        ),
    ]);
}

#[test]
fn processes() {
    work(&[
        ("", "(exit 7) || test $? = 7; sh -c 'kill -9 $$' || test $? = 137"),
        (
            "",
            "sleep 0.1 & p=$!; wait $p; sleep 60 & kill $!; wait $! || test $? = 143",
        ),
        ("", "seq 1 2000 | sort -n | tail -1 | grep -q 2000"),
        ("", "trap 'echo x > a' EXIT; exit 0"),
        (
            "",
            "test \"$(sh -c 'trap \"echo t\" TERM; kill -TERM $$; echo u' | tr -d '\\n')\" = tu",
        ),
        (
            "ps",
            "ps ax -o pid= | wc -l | { read n; test $n -lt 10; }; ps ax > /dev/null",
        ),
        ("setsid", "setsid -w sh -c 'echo x > a'; test -f a"),
        (
            "nproc",
            "nproc > /dev/null; cat /proc/cpuinfo /proc/meminfo /proc/self/status > /dev/null",
        ),
        (
            "nice",
            "nice -n 5 true; ulimit -n > /dev/null; ulimit -s > /dev/null",
        ),
        ("timeout", "timeout 5 true; timeout 0.1 sleep 5 || test $? = 124"),
        (
            "bash",
            "bash -c 'diff <(echo 1) <(echo 1); cat <<< x | grep -q x; mapfile -t l < <(seq 3); test ${#l[@]} = 3'",
        ),
        (
            "bash",
            "bash -c 'coproc cat; echo x >&${COPROC[1]}; read -r y <&${COPROC[0]}; test $y = x'",
        ),
        (
            "strace",
            "strace -o t true; test -s t; strace -f -o t sh -c 'true | true'; test -s t",
        ),
        (
            "xargs",
            "seq 20 | xargs -P 4 -n 1 sh -c 'echo $0 > f$0'; test \"$(ls | wc -l)\" = 20",
        ),
        ("flock", "flock a true; flock -n a true"),
        (
            "find",
            "mkdir -p a/b; touch a/b/c; find . -name c -exec rm {} +; test -z \"$(find . -type f)\"",
        ),
    ]);
}

#[test]
fn git_in_a_repository() {
    let ground = Ground::new();
    let repository = ground.work();
    let git = |arguments: &[&str]| {
        let done = std::process::Command::new("git")
            .args(["-c", "user.name=a", "-c", "user.email=a@b"])
            .args(arguments)
            .current_dir(&repository)
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
    };
    git(&["init", "-q", "-b", "main"]);
    put(repository.join("file"), "x\n");
    git(&["add", "file"]);
    git(&["commit", "-q", "-m", "one"]);
    ground.succeeds(
        "echo y >> file; git status --short | grep -q file; git diff | grep -q '+y'; git log --oneline | grep -q one; \
         git show HEAD:file; git blame file; git ls-files | grep -q file; git branch | grep -q main; git stash list",
    );
    assert!(
        !ground
            .sh("git -c user.name=a -c user.email=a@b commit -qam two")
            .status
            .success()
    );
}

#[test]
fn git_in_a_linked_worktree() {
    let ground = Ground::new();
    let main = ground.outside().join("main");
    let git = |arguments: &[&str]| {
        let done = std::process::Command::new("git")
            .args(["-c", "user.name=a", "-c", "user.email=a@b"])
            .args(arguments)
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
    };
    let main_path = main.to_str().unwrap();
    git(&["init", "-q", "-b", "main", main_path]);
    git(&["-C", main_path, "commit", "-q", "--allow-empty", "-m", "one"]);
    fs::remove_dir(ground.work()).unwrap();
    git(&[
        "-C",
        main_path,
        "worktree",
        "add",
        "-q",
        ground.work().to_str().unwrap(),
    ]);
    ground.succeeds(
        "echo x > file; git add file; git -c user.name=a -c user.email=a@b commit -qm two; git log --oneline | grep -q two; \
         git status --short | wc -l | grep -q 0; echo y > file; git -c user.name=a -c user.email=a@b commit -qam three; \
         git checkout -q -b other; git branch | grep -q other",
    );
    for path in [
        "hooks/post-commit",
        "config",
        "worktrees/work/commondir",
        "worktrees/work/config.worktree",
    ] {
        let path = main.join(".git").join(path);
        let ended = ground.sh(&format!("echo x >> {}", path.display()));
        assert!(!ended.status.success(), "{}: {ended:?}", path.display());
    }
    assert!(!ground.sh("echo x > .git").status.success());
}

#[test]
fn a_file_that_only_claims_to_be_a_worktree_opens_nothing() {
    let ground = Ground::new();
    let claimed = ground.outside().join("repository");
    put(claimed.join("objects/x"), "x");
    put(claimed.join("HEAD"), "x");
    put(claimed.join("worktrees/w/commondir"), "../..");
    put(claimed.join("worktrees/w/gitdir"), "/nowhere/.git");
    let text = format!("gitdir: {}/worktrees/w\n", claimed.display());
    put(ground.work().join(".git"), &text);
    let ended = ground.sh(&format!("echo y > {}/objects/x", claimed.display()));
    assert!(!ended.status.success(), "{ended:?}");
}

#[test]
fn a_repository_that_is_a_link_is_no_obstacle() {
    let ground = Ground::new();
    fs::create_dir(ground.outside().join("git")).unwrap();
    std::os::unix::fs::symlink(ground.outside().join("git"), ground.work().join(".git")).unwrap();
    ground.succeeds("echo x > a; rm a; ls -la > /dev/null");
}

#[test]
fn languages_and_databases() {
    work(&[
        (
            "python3",
            "python3 -c 'import json, ssl, sqlite3, threading; print(1)'",
        ),
        (
            "python3",
            "python3 -m venv --without-pip v; v/bin/python -c 'print(1)'",
        ),
        (
            "python3",
            "cat > a.py <<'E'\nimport asyncio\nasync def main():\n    p = await asyncio.create_subprocess_exec('true'); await p.wait()\n    await asyncio.to_thread(int)\nasyncio.run(main())\nE\npython3 a.py",
        ),
        (
            "python3",
            "cat > a.py <<'E'\nimport multiprocessing as m\nif __name__ == '__main__':\n    with m.Pool(2) as p: assert p.map(abs, [-1, -2]) == [1, 2]\n    with m.Manager() as g: g.list([1])\n    q = m.Queue(); q.put(1); assert q.get() == 1\nE\npython3 a.py",
        ),
        (
            "python3",
            "cat > a.py <<'E'\nimport socket\ns = socket.socket(socket.AF_UNIX); s.bind('s'); s.listen()\nassert s.getsockname() == 's'\nc = socket.socket(socket.AF_UNIX); c.connect('s'); a, _ = s.accept(); c.sendall(b'x'); assert a.recv(1) == b'x'\na, b = socket.socketpair(); a.send(b'y'); assert b.recv(1) == b'y'\nE\npython3 a.py",
        ),
        (
            "python3",
            "cat > a.py <<'E'\nimport socket\nt = socket.create_server(('127.0.0.1', 0)); u = socket.create_connection(t.getsockname()); v, _ = t.accept()\nu.sendall(b'x'); assert v.recv(1) == b'x'\nd = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); d.bind(('127.0.0.1', 0)); d.sendto(b'z', d.getsockname()); assert d.recv(1) == b'z'\nsocket.getaddrinfo('localhost', 80)\nE\npython3 a.py",
        ),
        (
            "python3",
            "cat > a.py <<'E'\nimport pty, os\nassert pty.spawn(['sh', '-c', 'test -t 0 && echo x > /dev/tty']) == 0\nE\npython3 a.py < /dev/null",
        ),
        (
            "python3",
            "cat > a.py <<'E'\nimport mmap, tempfile, os\nf = tempfile.TemporaryFile(dir='.'); f.write(b'x' * 4096); f.flush(); m = mmap.mmap(f.fileno(), 4096); m[0] = 65\nos.memfd_create('a'); os.posix_fallocate(f.fileno(), 0, 8192)\nE\npython3 a.py",
        ),
        (
            "sqlite3",
            "sqlite3 a.db 'pragma journal_mode=wal; create table t(x); insert into t values(1);'; test \"$(sqlite3 a.db 'select x from t')\" = 1",
        ),
        (
            "node",
            "node -e 'const f=require(\"fs\");f.mkdirSync(\"a/b\",{recursive:true});f.writeFileSync(\"a/b/c\",\"x\");f.renameSync(\"a\",\"d\")'; test -f d/b/c",
        ),
        (
            "node",
            "node -e 'const n=require(\"net\");const s=n.createServer(c=>c.end(\"x\")).listen(\"s\",()=>n.connect(\"s\").on(\"data\",d=>{if(String(d)!==\"x\")process.exit(1);s.close()}))'",
        ),
        (
            "node",
            "node -e 'new (require(\"worker_threads\").Worker)(\"process.exit(0)\",{eval:true}); require(\"child_process\").execSync(\"true\")'",
        ),
        (
            "perl",
            "perl -MSocket -e 'socketpair(A,B,AF_UNIX,SOCK_STREAM,0) or die; send(A,\"x\",0) or die; mkdir \"a\" or die'",
        ),
        (
            "gcc",
            "printf 'int main(void){return 0;}' > a.c; TMPDIR=. gcc a.c -o a; ./a",
        ),
        (
            "make",
            "printf 'a: b\\n\\tcp b a\\nb:\\n\\techo x > b\\n' > Makefile; make -s -j2; test -f a",
        ),
    ]);
}

#[test]
fn cargo_builds_offline() {
    if !has("cargo") {
        return;
    }
    let ground = Ground::new();
    put(
        ground.work().join("Cargo.toml"),
        "[package]\nname = \"a\"\nversion = \"0.1.0\"\nedition = \"2021\"\n",
    );
    put(ground.work().join("src/main.rs"), "fn main() {}\n");
    let ended = ground.run_with(
        &["cargo", "run", "--offline", "-q"],
        &[("TMPDIR", ground.work().to_str().unwrap())],
    );
    assert!(ended.status.success(), "{ended:?}");
}

#[test]
fn npm_runs_offline() {
    if !has("npm") {
        return;
    }
    let ground = Ground::new();
    put(
        ground.work().join("package.json"),
        r#"{"name":"a","version":"1.0.0","scripts":{"x":"echo y > z"}}"#,
    );
    let ended = ground.run_with(
        &[
            "sh",
            "-c",
            "npm run -s x && npm install --offline --no-audit --no-fund && test -f z",
        ],
        &[("npm_config_cache", ground.work().join("cache").to_str().unwrap())],
    );
    assert!(ended.status.success(), "{ended:?}");
}

#[test]
fn without_writing() {
    work_in(
        &[
            (
                "",
                "ls / > /dev/null; cat /etc/passwd | wc -l; echo x > /dev/null; echo x > /dev/shm/a",
            ),
            (
                "git",
                "git --version; git -C / status 2>&1 | grep -qi 'not a git repository'",
            ),
            (
                "python3",
                "python3 -c 'import socket; a, b = socket.socketpair(); a.send(b\"x\"); print(b.recv(1))'",
            ),
            ("", "true | cat; (sleep 0.01); sh -c 'exit 0'"),
        ],
        |ground| ground.policy = Ground::read_only().policy,
    );
}

#[test]
fn without_writing_and_namespaces() {
    work_in(
        &[
            (
                "",
                "ls / > /dev/null; cat /etc/passwd | wc -l; echo x > /dev/null; cat /proc/self/status > /dev/null",
            ),
            ("", "true | cat; (sleep 0.01); sh -c 'exit 0'; sleep 60 & kill $!"),
            (
                "bash",
                "bash -c 'set -m; sleep 0.01 & wait; diff <(echo 1) <(echo 1)'",
            ),
            (
                "python3",
                "python3 -c 'import socket; a, b = socket.socketpair(); a.send(b\"x\"); print(b.recv(1))'",
            ),
        ],
        |ground| {
            ground.policy = Ground::read_only().policy;
            ground.layers.namespaces = false;
        },
    );
}
