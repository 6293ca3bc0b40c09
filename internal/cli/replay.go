package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/seed-96940006/tagboat/internal/infra"
	"github.com/seed-96940006/tagboat/internal/manifest"
	"github.com/seed-96940006/tagboat/internal/pattern"
	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/runner"
	"github.com/seed-96940006/tagboat/internal/ship"
)

// intent is a reference as data: what another run needs to know to write it as
// this one would. It holds nothing that is secret, and nothing of this machine.
type intent struct {
	Form           int       `json:"form"` // intentForm
	Mode           plan.Mode `json:"mode"` // commit, pull-request
	Image          ref.Image `json:"image"`
	Pin            string    `json:"pin"`
	Paths          []string  `json:"paths,omitempty"`
	Exclude        []string  `json:"exclude,omitempty"`
	Fields         []string  `json:"fields,omitempty"`
	Environment    string    `json:"environment,omitempty"`
	OnNoChange     string    `json:"on-no-change"`
	OnLeftover     string    `json:"on-leftover"`
	ForbidTags     []string  `json:"forbid-tags,omitempty"`
	AllowDowngrade bool      `json:"allow-downgrade,omitempty"`
	Message        string    `json:"message,omitempty"`
	Title          string    `json:"title,omitempty"`
	Body           string    `json:"body,omitempty"`
	Page           string    `json:"page,omitempty"`   // of the source repository
	Commit         string    `json:"commit,omitempty"` // there
	CoAuthor       string    `json:"co-author,omitempty"`
	Run            string    `json:"run,omitempty"`
}

// intentForm is the form that is written, and the only one that is read: runs of
// another Tagboat write for themselves.
const intentForm = 1

// intentLimit is more than any list of paths takes, in bytes.
const intentLimit = 64 << 10

// data is the reference as data; nil where it is more than others would read.
func (r reference) data() []byte {
	data, err := json.Marshal(intent{
		Form: intentForm, Mode: r.Mode, Image: r.image, Pin: r.Pin, Paths: r.Paths, Exclude: r.Exclude, Fields: r.Fields, Environment: r.texts.environment,
		OnNoChange: r.onNoChange, OnLeftover: r.OnLeftover, ForbidTags: r.ForbidTags, AllowDowngrade: r.AllowDowngrade,
		Message: r.texts.message, Title: r.texts.title, Body: r.texts.body, Page: r.source.page, Commit: r.source.commit, CoAuthor: r.texts.coAuthor, Run: r.texts.run,
	})
	if err != nil || len(data) > intentLimit {
		return nil
	}
	return data
}

// readReference is the inverse of data. It takes no other bytes than those that
// data gives, and nothing that the inputs would not take.
func readReference(data []byte) (reference, error) {
	if len(data) > intentLimit {
		return reference{}, fmt.Errorf("an intent of %d bytes is longer than any", len(data))
	}
	var in intent
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		return reference{}, fmt.Errorf("an intent: %w", err)
	}
	r := reference{
		Bump: plan.Bump{
			Paths: in.Paths, Exclude: in.Exclude, Fields: in.Fields, Pin: in.Pin, Mode: in.Mode, Image: in.Image.Repository.String(),
			Environment: in.Environment, OnLeftover: in.OnLeftover, ForbidTags: in.ForbidTags, AllowDowngrade: in.AllowDowngrade,
		},
		image: in.Image, onNoChange: in.OnNoChange, mayBeLate: true,
		texts: texts{
			message: in.Message, title: in.Title, body: in.Body,
			environment: in.Environment, coAuthor: in.CoAuthor, run: in.Run,
		},
		source: source{page: in.Page, commit: in.Commit},
	}
	if err := in.check(r); err != nil {
		return reference{}, fmt.Errorf("an intent: %w", err)
	}
	if !bytes.Equal(r.data(), data) {
		return reference{}, errors.New("an intent that is not written as Tagboat writes it")
	}
	return r, nil
}

var coAuthorForm = pattern.New(`^[A-Za-z0-9_-]+ <[A-Za-z0-9_.+-]+@[A-Za-z0-9.-]+>$`)

var pageForm = pattern.New(`^https?://[!-~]+$`)

// check holds an intent to the rules of the inputs.
func (in intent) check(r reference) error {
	okOrFail := []string{"ok", "fail"}
	_, wrong := scope(r.Bump)
	errs := []error{wrong, plan.CheckGlobs(in.ForbidTags), checkTemplate("commit-message", in.Message), checkTemplate("pr-title", in.Title), checkTemplate("pr-body", in.Body)}
	for _, part := range []struct {
		name  string
		wrong bool
	}{
		{"form", in.Form != intentForm},
		{"mode", in.Mode != plan.ModeCommit && in.Mode != plan.ModePullRequest},
		{"image", in.Image.Repository == (ref.Repository{}) || in.Image.Tag == "" && in.Image.Digest == ""},
		{"pin", !slices.Contains([]string{string(manifest.PinTag), string(manifest.PinDigest), string(manifest.PinBoth)}, in.Pin)},
		{"on-no-change", !slices.Contains(okOrFail, in.OnNoChange)},
		{"on-leftover", !slices.Contains(okOrFail, in.OnLeftover)},
		{"environment", in.Environment != "" && !environmentForm.MatchString(in.Environment)},
		{"co-author", in.CoAuthor != "" && !coAuthorForm.MatchString(in.CoAuthor)},
		{"run", in.Run != "" && !pageForm.MatchString(in.Run)},
		{"page", in.Page != "" && !pageForm.MatchString(in.Page)},
		{"commit", in.Commit != "" && !commitForm.MatchString(in.Commit)},
	} {
		if part.wrong {
			errs = append(errs, fmt.Errorf("its %s is none", part.name))
		}
	}
	return errors.Join(append(errs, r.Permits(in.Image.Tag))...)
}

// replay makes another run's bump of what that run wrote down. Where it would take
// a newer version back there is nothing to do: that run came late.
func (a *app) replay(data []byte) (infra.Paths, infra.Edit, error) {
	r, err := readReference(data)
	if err != nil {
		return infra.Paths{}, nil, err
	}
	paths, err := scope(r.Bump)
	silent := &app{Runner: runner.New(func(string) string { return "" }, io.Discard, io.Discard), world: a.world} // it is not what this run is asked for
	return paths, func(on *infra.Snapshot) (infra.ChangeSet, error) {
		edited, bumped, err := silent.decide(on, r, 1)
		if _, late := errors.AsType[ship.Skip](err); late {
			return infra.ChangeSet{}, nil
		}
		if err != nil {
			return infra.ChangeSet{}, err
		}
		return r.changeSet(edited, bumped)
	}, err
}
