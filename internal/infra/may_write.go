package infra

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// Guarded is a repository that can be asked whether it lets this identity write.
type Guarded interface {
	// MayWrite fails where the host says no. That it cannot be asked, and what the
	// rules of a branch say, is left to the write.
	MayWrite(ctx context.Context) error
}

// MayWrite implements Guarded.
func (g *Git) MayWrite(ctx context.Context) error {
	head := ""
	if g.last != nil {
		head = g.last.head
	}
	if err := g.prepare(ctx, head); err != nil {
		return denied(err, io.Discard)
	}
	return denied(g.repo.MayPush(ctx, g.o.Remote), io.Discard)
}

// MayWrite implements Guarded. It is git that is asked: what the API tells of a
// token's rights are those of its owner, and an App has none there.
func (g *GitHub) MayWrite(ctx context.Context) (err error) {
	if g.o.Remote.URL == "" {
		return nil
	}
	scratch, err := NewGit(GitOptions{Remote: g.o.Remote, Temp: g.o.Temp, Now: g.o.Now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, scratch.Close()) }()
	if err := scratch.prepare(ctx, ""); err != nil { // without git, nothing is known
		return denied(err, g.o.Log)
	}
	return denied(scratch.repo.MayPush(ctx, g.o.Remote), g.o.Log)
}

// denied is err where it is the host's no; everything else is told.
func denied(err error, log io.Writer) error {
	if err == nil || fault.Is(err, "E_GIT_AUTH") || fault.Is(err, "E_GIT_NOT_FOUND") {
		return err
	}
	fmt.Fprintf(log, "whether the infra repository may be written to cannot be asked: %v\n", err)
	return nil
}

var _, _ Guarded = (*Git)(nil), (*GitHub)(nil)
