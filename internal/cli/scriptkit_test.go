package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

// scriptKit has the commands of the scripts. What it starts ends with the test.
type scriptKit struct{ t *testing.T }

// setup gives a script a home of its own: no configuration of this machine
// counts, and what is left in .tmp was forgotten by the program.
func (scriptKit) setup(env *testscript.Env) error {
	home := func(name string) string { return filepath.Join(env.WorkDir, name) }
	for name, value := range map[string]string{
		"HOME": env.WorkDir, "DOCKER_CONFIG": home(".docker"), "TMPDIR": home(".tmp"),
		"GIT_CONFIG_GLOBAL": home(".gitconfig"), "GIT_CONFIG_NOSYSTEM": "1",
		"EVENTS": absolute("../../testdata/events"),
	} {
		env.Setenv(name, value)
	}
	env.Values[gitHubKey{}] = &gitHub{}
	env.Values[worldKey{}] = &scriptWorld{}
	config := "[user]\n\tname = Ada\n\temail = ada@acme.example\n[init]\n\tdefaultBranch = main\n"
	if err := os.WriteFile(home(".gitconfig"), []byte(config), 0o644); err != nil {
		return err
	}
	return os.MkdirAll(home(".tmp"), 0o755)
}

func absolute(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		panic(err)
	}
	return abs
}

// registry [NAME] [immutable] [login=USER:PASSWORD] [denies=PATH] [lacks=PATH] starts a
// registry and puts its host into $NAME, or $REGISTRY.
func (k scriptKit) registry(ts *testscript.TestScript, _ bool, args []string) {
	variable := "REGISTRY"
	var options []testkit.RegistryOption
	for _, arg := range args {
		switch key, value, _ := strings.Cut(arg, "="); key {
		case "login":
			user, password, _ := strings.Cut(value, ":")
			options = append(options, testkit.RegistryLogin(user, password))
		case "immutable":
			options = append(options, testkit.RegistryImmutable())
		case "denies":
			options = append(options, testkit.RegistryDenies(value))
		case "lacks":
			options = append(options, testkit.RegistryLacks(value))
		default:
			variable = arg
		}
	}
	ts.Setenv(variable, testkit.NewRegistry(k.t, options...).Host)
}

// repo FOLDER [BARE] commits everything in a folder as a new repository, and
// pushes its main branch to a new bare one.
func (scriptKit) repo(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) == 0 || len(args) > 2 {
		ts.Fatalf("usage: repo folder [bare]")
	}
	git := func(args ...string) { ts.Check(ts.Exec("git", args...)) }
	git("-C", args[0], "init", "--quiet")
	git("-C", args[0], "add", "--all")
	git("-C", args[0], "commit", "--quiet", "--allow-empty", "--message=Begin")
	if len(args) == 2 {
		bare := ts.MkAbs(args[1])
		git("init", "--quiet", "--bare", bare)
		git("-C", args[0], "remote", "add", "origin", bare)
		git("-C", args[0], "push", "--quiet", "origin", "main")
	}
}

// workflow EVENT makes the environment that of a step in a workflow that the
// payload testdata/events/EVENT.json has started; its files are output and
// summary.md. A later call starts another step.
func (scriptKit) workflow(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: workflow event")
	}
	file := absolute(filepath.Join("../../testdata/events", args[0]+".json"))
	var all map[string]map[string]string
	data, err := os.ReadFile(filepath.Join(filepath.Dir(file), "env.json"))
	ts.Check(err)
	ts.Check(json.Unmarshal(data, &all))
	env, known := all[args[0]+".json"]
	if !known {
		ts.Fatalf("there is no event %s", args[0])
	}
	for name, value := range env {
		ts.Setenv(name, value)
	}
	for _, name := range []string{"output", "summary.md"} {
		ts.Check(os.WriteFile(ts.MkAbs(name), nil, 0o644))
	}
	for name, value := range map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": file, "GITHUB_REPOSITORY": "acme/web", "GITHUB_RUN_ID": "42",
		"GITHUB_ACTOR": "ada", "GITHUB_ACTOR_ID": "123", "RUNNER_TEMP": ts.Getenv("TMPDIR"),
		"GITHUB_OUTPUT": ts.MkAbs("output"), "GITHUB_STEP_SUMMARY": ts.MkAbs("summary.md"),
	} {
		ts.Setenv(name, value)
	}
	for name, value := range ts.Value(gitHubKey{}).(*gitHub).addresses() {
		ts.Setenv(name, value)
	}
}

// with NAME=VALUE… sets the action's inputs, as with: does; \n in a value ends a line.
func (scriptKit) with(ts *testscript.TestScript, _ bool, args []string) {
	inputs := map[string]string{}
	for _, arg := range args {
		name, value, ok := strings.Cut(arg, "=")
		if !ok {
			ts.Fatalf("%q is not name=value", arg)
		}
		inputs[name] = strings.ReplaceAll(value, `\n`, "\n")
	}
	data, err := json.Marshal(inputs)
	ts.Check(err)
	ts.Setenv("INPUTS", string(data))
}

// expand FILE… replaces $REGISTRY and other variables in files.
func (scriptKit) expand(ts *testscript.TestScript, _ bool, args []string) {
	for _, file := range args {
		text := os.Expand(ts.ReadFile(file), ts.Getenv)
		ts.Check(os.WriteFile(ts.MkAbs(file), []byte(text), 0o644))
	}
}

// pulled IMAGE PATH FILE compares a file of an image, read back from its
// registry, with a file of the script; ! pulled IMAGE wants no such image.
func (scriptKit) pulled(ts *testscript.TestScript, neg bool, args []string) {
	image, err := ref.ParseImage(args[0])
	ts.Check(err)
	client := &registry.Client{}
	if neg {
		if there, err := client.Exists(context.Background(), image); there || err != nil {
			ts.Fatalf("%s: there %t, %v", image, there, err)
		}
		return
	}
	if len(args) != 3 {
		ts.Fatalf("usage: pulled image path file")
	}
	got, err := client.File(context.Background(), image, args[1])
	ts.Check(err)
	if want := []byte(ts.ReadFile(args[2])); !bytes.Equal(got, want) {
		ts.Fatalf("%s in %s is %q, want %q", args[1], image, got, want)
	}
}

// exits CODE PROGRAM ARG… wants this exit code, which `! exec` does not tell.
func (scriptKit) exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// githost TOKEN FOLDER commits a folder to a repository on a git host that takes
// this token alone; its URL is in $GITHOST.
func (k scriptKit) githost(ts *testscript.TestScript, _ bool, args []string) {
	server := testkit.NewGitServer(k.t, args[0])
	server.Private()
	repo := server.Repo("infra")
	ts.Check(ts.Exec("git", "-C", args[1], "init", "--quiet"))
	ts.Check(ts.Exec("git", "-C", args[1], "add", "--all"))
	ts.Check(ts.Exec("git", "-C", args[1], "commit", "--quiet", "--message=Begin"))
	ts.Check(ts.Exec("git", "-C", args[1], "push", "--quiet", repo.Dir, "main"))
	ts.Setenv("GITHOST", server.URL+"/infra.git")
	ts.Setenv("GITHOST_DIR", repo.Dir)
}

// stopped FIFO PROGRAM ARG… starts a program, interrupts it once somebody has
// written to the FIFO, and wants exit code 1.
func (scriptKit) stopped(ts *testscript.TestScript, _ bool, args []string) {
	fifo := ts.MkAbs(args[0])
	ts.Check(syscall.Mkfifo(fifo, 0o600))
	program, err := exec.LookPath(args[1])
	ts.Check(err)
	cmd := exec.Command(program, args[2:]...)
	cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"PATH", "HOME", "DOCKER_CONFIG", "TMPDIR", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "GITHUB_STEP_SUMMARY"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	ts.Check(cmd.Start())
	_, err = os.ReadFile(fifo) // until it was written to and closed
	ts.Check(err)
	ts.Check(cmd.Process.Signal(os.Interrupt))
	err = cmd.Wait()
	ts.Logf("%s", log.String())
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 1 {
		ts.Fatalf("it ended with %v", err)
	}
	ts.Check(os.WriteFile(ts.MkAbs("stopped.log"), log.Bytes(), 0o644))
}
