package testkit

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-96940006/tagboat/internal/run"
)

// GitRepo is a repository on this disk, written to as somebody else would.
type GitRepo struct {
	Dir string
	tb  testing.TB
}

// GitFile is one path of a commit.
type GitFile struct {
	Path string
	Mode string // "" is 100644; 100755, 120000 (Data is the link's target), 160000 (Data is a commit), "D" deletes
	Data string
}

// NewGitRepo makes an empty repository with the branch main; args are those of
// git init, --bare for instance.
func NewGitRepo(tb testing.TB, dir string, args ...string) *GitRepo {
	tb.Helper()
	r := &GitRepo{tb: tb}
	r.Git(append(append([]string{"init", "--quiet", "--template=", "--initial-branch=main"}, args...), dir)...)
	r.Dir = dir
	return r
}

// gitEnv keeps the configuration of this machine and of whoever runs the test out.
func gitEnv() []string {
	return []string{"GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_SYSTEM=" + os.DevNull, "GIT_CONFIG_COUNT=0", "LC_ALL=C", "HOME=" + os.DevNull}
}

// Git runs git in the repository and gives its output without the last newline.
func (r *GitRepo) Git(args ...string) string {
	r.tb.Helper()
	return r.git("", args...)
}

// Command is a run of git in the repository that the caller starts.
func (r *GitRepo) Command(args ...string) run.Command {
	return run.Command{
		Name: "git", Args: args, Dir: r.Dir, Env: gitEnv(),
		Drop: []string{"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"},
	}
}

func (r *GitRepo) git(stdin string, args ...string) string {
	r.tb.Helper()
	c := r.Command(args...)
	c.Stdin = strings.NewReader(stdin)
	out, err := run.Output(context.Background(), c)
	if err != nil {
		r.tb.Errorf("git %s: %v", strings.Join(args, " "), err)
	}
	return strings.TrimSuffix(string(out), "\n")
}

// Commit adds a commit to a branch, by somebody at example.com, and gives its id.
func (r *GitRepo) Commit(branch, message string, files ...GitFile) string {
	r.tb.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "commit refs/heads/%s\nmark :1\ncommitter somebody <somebody@example.com> 1700000000 +0000\ndata %d\n%s\n", branch, len(message), message)
	if r.Tip(branch) != "" {
		fmt.Fprintf(&b, "from refs/heads/%s^0\n", branch)
	}
	for _, f := range files {
		switch f.Mode {
		case "D":
			fmt.Fprintf(&b, "D %s\n", quoted(f.Path))
		case "160000":
			fmt.Fprintf(&b, "M 160000 %s %s\n", f.Data, quoted(f.Path))
		default:
			mode := f.Mode
			if mode == "" {
				mode = "100644"
			}
			fmt.Fprintf(&b, "M %s inline %s\ndata %d\n%s\n", mode, quoted(f.Path), len(f.Data), f.Data)
		}
	}
	b.WriteString("\nget-mark :1\ndone\n")
	return r.git(b.String(), "fast-import", "--quiet", "--done")
}

// quoted is a path as git reads it, whatever its bytes are.
func quoted(path string) string {
	b := make([]byte, 0, 4*len(path)+2)
	b = append(b, '"')
	for i := range len(path) {
		b = append(b, '\\', '0'+path[i]>>6, '0'+path[i]>>3&7, '0'+path[i]&7)
	}
	return string(append(b, '"'))
}

// Tip is the commit of a branch, and "" where there is no such branch.
func (r *GitRepo) Tip(branch string) string {
	r.tb.Helper()
	return r.Git("for-each-ref", "--format=%(objectname)", "refs/heads/"+branch)
}

// Read is the content of a file at a revision.
func (r *GitRepo) Read(rev, path string) string {
	r.tb.Helper()
	out := r.Git("cat-file", "blob", rev+":"+path) + "\n"
	size := r.Git("cat-file", "-s", rev+":"+path) // tells whether the last newline is the file's own
	if n, err := strconv.Atoi(size); err == nil && n <= len(out) {
		return out[:n]
	}
	return out
}

// Tree is every path of a revision with its mode and object id.
func (r *GitRepo) Tree(rev string) map[string]string {
	r.tb.Helper()
	tree := map[string]string{}
	for line := range strings.SplitSeq(r.Git("ls-tree", "-r", "-z", rev), "\x00") {
		if meta, name, ok := strings.Cut(line, "\t"); ok {
			tree[name] = meta
		}
	}
	return tree
}

// Refuse makes the repository turn pushes away with these words.
func (r *GitRepo) Refuse(words string) {
	r.tb.Helper()
	hooks := filepath.Join(strings.TrimSpace(r.Git("rev-parse", "--absolute-git-dir")), "hooks")
	if err := os.MkdirAll(hooks, 0o755); err != nil {
		r.tb.Fatal(err)
	}
	script := "#!/bin/sh\ncat >/dev/null\ncat >&2 <<'END'\n" + words + "\nEND\nexit 1\n"
	if err := os.WriteFile(filepath.Join(hooks, "pre-receive"), []byte(script), 0o755); err != nil {
		r.tb.Fatal(err)
	}
}
