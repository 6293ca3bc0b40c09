// Package git drives the git program: without questions to a terminal, without
// the user's hooks and message translations, and with credentials that appear in
// no argument, URL, file or error.
//
// It knows how git is called, how refs are read and moved, and how git says no;
// what is in the commits is its callers' business.
package git

import (
	"context"
	"io"
	"strings"

	"github.com/seed-96940006/tagboat/internal/run"
)

// Repo is a local repository: a folder with a .git, a bare one, or a scratch
// one. The zero value runs git in the current folder.
type Repo struct {
	Dir string   // where git runs
	Env []string // more environment: GIT_NO_LAZY_FETCH=1 and the like
}

// Setting is one line of git's configuration, such as core.bare=true.
type Setting struct{ Key, Value string }

// Call is one run of git.
type Call struct {
	Args   []string
	Config []Setting // for this run alone; before the user's own
	Stdin  io.Reader
	Stdout io.Writer // where the output is too large to be returned
	Env    []string
	Remote *Remote // the remote that is talked to, for its credentials; nil for local work
}

// Run starts git in r and returns its standard output without the last newline.
// It fails with *run.Error, or with a fault where git's answer is a known one
// (E_GIT_AUTH, E_GIT_NOT_FOUND, E_GIT_UNREACHABLE, E_GIT_PROTECTED and others);
// no token and no password of a URL is in its text.
func (r Repo) Run(ctx context.Context, c Call) (string, error) {
	settings := append(always(), c.Config...)
	if c.Remote != nil {
		if err := c.Remote.check(); err != nil {
			return "", err
		}
		settings = append(settings, c.Remote.settings()...)
	}
	cmd := run.Command{Name: "git", Args: c.Args, Dir: r.Dir, Stdin: c.Stdin, Stdout: c.Stdout, Drop: foreign}
	cmd.Env = append(quiet(), inEnv(settings)...)
	cmd.Env = append(cmd.Env, r.Env...)
	cmd.Env = append(cmd.Env, c.Env...)
	if c.Remote != nil {
		cmd.Env = append(cmd.Env, c.Remote.env()...)
	}
	if c.Stdout != nil {
		return "", explain(run.Run(ctx, cmd), c.Remote)
	}
	out, err := run.Output(ctx, cmd)
	return strings.TrimSuffix(string(out), "\n"), explain(err, c.Remote)
}
