package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/oauth2"

	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/github"
	"github.com/seed-96940006/tagboat/internal/infra"
)

const (
	tagBefore = "v0.0.0"
	tagAfter  = "v0.0.1"
)

// edit moves one image of one kustomization.
type edit struct{ File, App string }

func (e edit) paths() (infra.Paths, error) { return infra.ParsePaths([]string{e.File}, nil) }

// change implements infra.Edit.
func (e edit) change(on *infra.Snapshot) (infra.ChangeSet, error) {
	c := infra.ChangeSet{Files: map[string][]byte{}, Message: fmt.Sprintf("%s: %s → %s\n", e.App, tagBefore, tagAfter)}
	data, err := fs.ReadFile(on.Files, e.File)
	if err != nil {
		return c, err
	}
	c.Files[e.File] = bytes.Replace(data, []byte(entry(e.App)), []byte(strings.Replace(entry(e.App), tagBefore, tagAfter, 1)), 1)
	return c, nil
}

// replay makes an edit of what another run wrote down.
func replay(data []byte) (infra.Paths, infra.Edit, error) {
	var e edit
	if err := json.Unmarshal(data, &e); err != nil {
		return infra.Paths{}, nil, err
	}
	paths, err := e.paths()
	return paths, e.change, err
}

// place is where a writer finds the repository, and who it is.
type place struct {
	api, graphql, git string
	token             string
	temp              string // a folder for all
}

// way is how a crowd writes.
type way string

// The ways: runs that write for one another, runs that write each for themselves, and
// the loop of most workflows.
const (
	byAPI      way = "api"
	byAPIAlone way = "api-each-for-itself"
	byGit      way = "git"
	byGitAlone way = "git-each-for-itself"
	byLoop     way = "pull-rebase-push"
)

// combines reports whether runs write for one another.
func (w way) combines() bool { return w == byAPI || w == byGit }

// write makes an edit in this way, and says how often it was tried.
func (w way) write(ctx context.Context, at place, e edit) (attempts int, err error) {
	if w == byLoop {
		return loop(ctx, at, e)
	}
	paths, err := e.paths()
	if err != nil {
		return 0, err
	}
	open := at.byGit
	if w == byAPI || w == byAPIAlone {
		open = at.byAPI
	}
	repo, err := open(paths)
	if err != nil {
		return 0, err
	}
	defer repo.Close()
	combine := infra.CombineOff
	if w.combines() {
		combine = infra.CombineOne
	}
	return apply(ctx, repo, e, combine)
}

// opened is a repository that is to be closed.
type opened interface {
	infra.Repo
	io.Closer
}

func (at place) byAPI(paths infra.Paths) (opened, error) {
	client, err := github.New(github.Options{API: at.api, GraphQL: at.graphql, Token: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: at.token})})
	if err != nil {
		return nil, err
	}
	return infra.NewGitHub(infra.GitHubOptions{Client: client, Repository: "acme/infra", Paths: paths, Temp: at.temp})
}

func (at place) byGit(paths infra.Paths) (opened, error) {
	return infra.NewGit(infra.GitOptions{Remote: git.Remote{URL: at.git, Token: at.token}, Paths: paths, Temp: at.temp})
}

func apply(ctx context.Context, repo infra.Repo, e edit, combine infra.Combine) (attempts int, err error) {
	data, err := json.Marshal(e)
	if err != nil {
		return 0, err
	}
	// All runs are of one App, and have its key in common.
	o := infra.Options{Combine: combine, Data: data, Replay: replay, Secret: []byte("derived of a key")}
	res, err := infra.Apply(ctx, repo, o, func(on *infra.Snapshot) (infra.ChangeSet, error) {
		attempts++
		return e.change(on)
	})
	if err != nil {
		return attempts, err
	}
	return res.Attempts, nil
}

// pullPush is the loop that is found in most workflows: $1 is the repository, $2 a
// folder, $3 the file, $4 the image. It prints a line for each push.
const pullPush = `git clone -q --depth 1 "$1" "$2" && cd "$2" && sed -i "/\/$4$/{n;s/` + tagBefore + `/` + tagAfter + `/}" "$3" && git commit -qam bump &&
while echo; ! git push -q; do git pull -q --rebase; done`

// loop never gives up; the deadline ends it.
func loop(ctx context.Context, at place, e edit) (int, error) {
	cmd := exec.CommandContext(ctx, "sh", "-c", pullPush, "sh", at.git, filepath.Join(at.temp, e.App), e.File, e.App)
	cmd.Env = append(os.Environ(), inEnv(at.token)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) } // with all that it started
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	err := cmd.Run()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, said.String())
	}
	return bytes.Count(out.Bytes(), []byte("\n")), err
}
