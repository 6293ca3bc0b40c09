package registry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// judge says what a tag's rule makes of the digest that it holds: a status or an
// error where nothing is to be written, neither where the tag may be.
func (t *target) judge(tag Tag, held ref.Digest) (Status, error) {
	switch {
	case held == t.source.digest:
		return StatusAlready, nil
	case held == "" || tag.Rule == Moves:
		return "", nil
	case tag.Rule == First:
		return StatusKept, nil
	}
	return "", fault.New("E_TAG_TAKEN",
		"a version is never overwritten: use the image that is there, remove the wrong tag from the registry, or build that number once more with `suffix`",
		t.clash(tag, held))
}

func (t *target) clash(tag Tag, held ref.Digest) error {
	return fmt.Errorf("%s:%s is %s and cannot become %s", t.image, tag.Name, held, t.source.digest)
}

// still is how long an answer is new enough to write a tag that must not move.
const still = 5 * time.Second

// set writes one tag where its rule allows that, and looks at it afterwards. The
// image went ahead of it by digest, so that another run has a round trip, not the
// minutes of an upload, to get between the last question and the answer to it. A tag
// that must not move is looked at before each try to write it: what the registry
// asks to wait for may be a minute.
func (t *target) set(ctx context.Context, tag Tag) (Status, error) {
	tries, lost := t.session.tries.begin(), false
	for {
		status, err := t.free(ctx, tag)
		if status == StatusAlready && lost {
			status = StatusPushed // it came about, but for the answer
		}
		if status != "" || err != nil {
			return status, err
		}
		written := &trial{once: tag.Rule != Moves}
		err = t.write(withTrial(ctx, written), tag)
		switch {
		case err == nil && t.fresh && t.source.from == t.image && written.digest == string(t.source.digest):
			return StatusPushed, nil // nothing but this tag is new, and the registry has told what it holds
		case err == nil:
			return StatusPushed, t.verify(ctx, tag)
		case !written.once || !written.passes(err) || !tries.again(ctx, fmt.Sprintf("%s: %s", tag.Name, brief(err)), written.asked):
			return t.refused(ctx, tag, err)
		}
		t.fresh, lost = false, lost || temporary(err)
	}
}

// free judges by what the tag holds now: one that must not move is asked for again
// if the last answer is old.
func (t *target) free(ctx context.Context, tag Tag) (Status, error) {
	status, err := t.judge(tag, t.held[tag.Name])
	if status != "" || err != nil || tag.Rule == Moves || t.fresh && t.now().Sub(t.asked) <= still {
		return status, err
	}
	if err := t.look(ctx, tag); err != nil {
		return "", err
	}
	return t.judge(tag, t.held[tag.Name])
}

func (t *target) write(ctx context.Context, tag Tag) error {
	pusher, err := t.session.pusher(ctx)
	if err != nil {
		return err
	}
	return pusher.Put(ctx, t.session.repo.Tag(string(tag.Name)), t.source.manifest)
}

// look asks once more what a tag holds that must not move. The repository exists
// by now: what is still denied will not be read.
func (t *target) look(ctx context.Context, tag Tag) error {
	held, err := t.session.patiently(ctx, tag.Name, "cannot be read yet", func(_ ref.Digest, err error) bool {
		return fault.Is(err, "E_PUSH_DENIED")
	})
	if denied, ok := errors.AsType[*fault.Fault](err); ok && denied.Code == "E_PUSH_DENIED" {
		hint := knownDenial(denied.Error())
		if hint == "" {
			hint = "let this login read " + t.image.String() + ", too: a tag that must not move is written only if it is seen to be free"
		}
		return fault.New(denied.Code, hint, fmt.Errorf("%s:%s cannot be read: %w", t.image, tag.Name, denied.Err))
	}
	t.held[tag.Name] = held
	return err
}

// refused finds out what a refusal to write a tag means. Registries guard tags in
// many words; what the tag holds says more than they do.
func (t *target) refused(ctx context.Context, tag Tag, refusal error) (Status, error) {
	explained := t.session.explain(ctx, refusal)
	if status := answered(refusal); status < 400 || status >= 500 || fault.Is(explained, "E_REGISTRY_READONLY") || fault.Is(explained, "E_REGISTRY_FULL") {
		return "", explained
	}
	held, err := t.session.digest(ctx, string(tag.Name))
	if err != nil || held == "" {
		return "", explained
	}
	t.held[tag.Name] = held
	if status, err := t.judge(tag, held); status != "" || err != nil {
		return status, err
	}
	if !t.session.immutable(refusal) {
		return "", explained
	}
	return "", fault.New("E_TAG_TAKEN",
		"the repository has immutable tags: let this tag move, or leave it out of `tags`",
		fmt.Errorf("%w: %w", t.clash(tag, held), refusal))
}

// verify sees that the tag holds the image. Some registries show a write a
// moment later; another digest is another matter.
func (t *target) verify(ctx context.Context, tag Tag) error {
	now, err := t.session.patiently(ctx, tag.Name, "is not seen yet", func(now ref.Digest, err error) bool {
		return err == nil && now == ""
	})
	if err != nil || now == t.source.digest {
		return err
	}
	told, way := string(now), "run again"
	switch {
	case now == "":
		told = "that there is none"
	case tag.Rule == First: // the next run keeps it
		way = fmt.Sprintf("remove %s from %s and run again", tag.Name, t.image)
	case tag.Rule == Fixed: // the next run finds it taken
		way = fmt.Sprintf("remove %s from %s and run again, or build that number once more with `suffix`", tag.Name, t.image)
	}
	return fault.New("E_PUSH_VERIFY", way+"; if it stays so, another job writes the same tag, or the registry changes what it stores",
		fmt.Errorf("%s:%s was pushed as %s, but the registry answers %s", t.image, tag.Name, t.source.digest, told))
}
