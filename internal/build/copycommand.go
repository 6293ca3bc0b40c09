package build

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/util/suggest"
	"github.com/moby/patternmatcher"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// transfer is a COPY or an ADD with its variables filled in.
type transfer struct {
	instructions.SourcesAndDest
	verb     string
	line     int
	from     files
	where    string // what from is, for messages
	chown    string
	chmod    string
	link     bool // BuildKit merges only where there is no --chmod
	unpack   bool
	excludes []string
}

func (b *building) copy(ctx context.Context, s *stage, c *instructions.CopyCommand) error {
	t := transfer{SourcesAndDest: c.SourcesAndDest, verb: "COPY", line: firstLine(c.Location()), from: b.context, where: "the context",
		chown: c.Chown, chmod: c.Chmod, link: c.Link && c.Chmod == "", excludes: c.ExcludePatterns}
	if c.From != "" {
		var err error
		if t.from, err = b.copyFrom(ctx, s, c.From, t.line); err != nil {
			return placed(err, b.plan.file.name, t.line)
		}
		t.where = c.From
	}
	return b.transfer(ctx, s, t)
}

func (b *building) add(ctx context.Context, s *stage, c *instructions.AddCommand) error {
	return b.transfer(ctx, s, transfer{SourcesAndDest: c.SourcesAndDest, verb: "ADD", line: firstLine(c.Location()), from: b.context,
		where: "the context", chown: c.Chown, chmod: c.Chmod, link: c.Link && c.Chmod == "", excludes: c.ExcludePatterns, unpack: c.Unpack == nil || *c.Unpack})
}

// copyFrom is the file system that COPY --from names.
func (b *building) copyFrom(ctx context.Context, s *stage, name string, line int) (*tree, error) {
	i, err := b.plan.from(s.index, name, line)
	if err != nil {
		return nil, err
	}
	if i >= 0 {
		if err := b.plan.need(i); err != nil { // a trigger of the base image may ask for more stages
			return nil, err
		}
		from, err := b.stage(ctx, i)
		if err != nil {
			return nil, err
		}
		return from.tree(ctx)
	}
	if name == scratch {
		return newTree(), nil
	}
	image, err := b.base(ctx, name, b.plan.platform)
	if err != nil {
		return nil, err
	}
	if err := image.matches(b.plan.platform); err != nil {
		b.logf("warning: %v", err)
	}
	return image.load(ctx)
}

// transfer makes one layer of what an instruction copies.
func (b *building) transfer(ctx context.Context, s *stage, t transfer) error {
	made, err := b.layer(ctx, s, func(files *tree) error {
		if t.link {
			return t.linked(ctx, b, s, files)
		}
		return t.into(ctx, b, s, files)
	})
	if err != nil {
		return placed(t.fault(b.plan.file, err), b.plan.file.name, t.line)
	}
	b.commit(s, made, "%s # buildkit", t.history())
	return nil
}

// linked copies as if nothing were there, which is what --link promises: links in
// the destination are not followed. The outcome is then laid over the files.
func (t transfer) linked(ctx context.Context, b *building, s *stage, files *tree) error {
	alone := newTree()
	alone.layer = files.layer
	if err := t.into(ctx, b, s, alone); err != nil {
		return err
	}
	return alone.walk(func(name string, n *node) error {
		same := *n
		same.children = nil
		return files.put(name, &same)
	})
}

func (t transfer) into(ctx context.Context, b *building, s *stage, files *tree) error {
	c := &copier{from: t.from, to: files, dest: destination(s.image.Config.WorkingDir, t.DestPath),
		verb: t.verb, warn: func(format string, args ...any) { b.logf("warning: "+format, args...) }}
	var err error
	if t.chown != "" {
		if c.owner, err = parseOwner(ctx, t.chown, files); err != nil {
			return fmt.Errorf("--chown: %w", err)
		}
	}
	if t.chmod != "" {
		if c.mode, err = parseChmod(t.chmod); err != nil {
			return err
		}
	}
	if len(t.excludes) > 0 {
		if c.excludes, err = patternmatcher.New(t.excludes); err != nil {
			return fmt.Errorf("--exclude: %w", err)
		}
	}
	if t.unpack {
		u := &unpacker{to: files, dest: c.dest, owner: c.owner, spool: b.spool}
		c.unpack = func(src string, n *node) (bool, error) { return u.try(ctx, src, n) }
	}
	if err := t.named(b, c); err != nil {
		return err
	}
	c.warnOfMore()
	return t.inline(c)
}

// named copies the sources that have a path.
func (t transfer) named(b *building, c *copier) error {
	for _, source := range t.SourcePaths {
		if t.from.confined() && strings.HasPrefix(path.Clean(source)+"/", "../") {
			return &sourceError{source, errOutside}
		}
		found, err := expand(t.from, path.Clean("/"+source))
		if err != nil {
			return &sourceError{source, err}
		}
		if len(found) == 0 {
			b.logf("warning: %s: nothing matches %s", t.verb, source)
		}
		for _, name := range found {
			if err := c.source(name); err != nil {
				return &sourceError{name, err}
			}
		}
	}
	return nil
}

// inline copies the sources that stand in the Dockerfile, as `<<EOF`.
func (t transfer) inline(c *copier) error {
	for _, source := range t.SourceContents {
		alone := newTree()
		name := path.Join("/", path.Base(source.Path))
		file := &node{kind: tar.TypeReg, mode: 0o644, size: int64(len(source.Data)), content: &text{source.Data}}
		if err := alone.put(name, file); err != nil {
			return err
		}
		c.from, c.unpack = alone, nil
		if err := c.source(name); err != nil {
			return &sourceError{"<<" + source.Path, err}
		}
	}
	return nil
}

// destination is an absolute path; a slash at its end says that it is a folder.
func destination(workdir, name string) string {
	isFolder := name == "" || name == "." || strings.HasSuffix(name, "/") || strings.HasSuffix(name, "/.")
	if !path.IsAbs(name) {
		name = path.Join("/", workdir, name)
	}
	if name = path.Clean(name); isFolder && name != "/" {
		name += "/"
	}
	return name
}

// history is the instruction as BuildKit words it.
func (t transfer) history() string {
	words := []string{t.verb}
	if t.chown != "" {
		words = append(words, "--chown="+t.chown)
	}
	if t.chmod != "" {
		words = append(words, "--chmod="+t.chmod)
	}
	words = append(words, t.SourcePaths...)
	for _, source := range t.SourceContents {
		words = append(words, "<<"+source.Path)
	}
	return strings.Join(append(words, t.DestPath), " ")
}

// sourceError says which source could not be copied.
type sourceError struct {
	source string
	err    error
}

func (e *sourceError) Error() string { return e.source + ": " + e.err.Error() }
func (e *sourceError) Unwrap() error { return e.err }

// fault is what the user is told of an error in a transfer.
func (t transfer) fault(file *dockerfile, err error) error {
	if _, ok := errors.AsType[*fault.Fault](err); ok {
		return err
	}
	source, named := errors.AsType[*sourceError](err)
	hint := ""
	switch {
	case errors.Is(err, errOutside):
		hint = "COPY takes files from the context only: make `context` the folder above, or copy the file into it first"
	case errors.Is(err, errArchive):
		return file.at(t.line, "E_BUILD_UNSUPPORTED", useBuildx+", pack the archive with gzip, or write ADD --unpack=false", "%s: %w", t.verb, err)
	case errors.Is(err, errNoUser):
		hint = "write the number: --chown=1000:1000"
	case named && errors.Is(err, fs.ErrNotExist):
		err, hint = fmt.Errorf("%q is not in %s", strings.TrimPrefix(source.source, "/"), t.where), t.near(source.source)
	}
	return file.at(t.line, "E_BUILD_COPY", hint, "%s: %w", t.verb, err)
}

// near helps to find a file that is missing: it is ignored, or it is called like
// another, or the folder it should be in holds these.
func (t transfer) near(name string) string {
	name = path.Clean("/" + name)
	if c, ok := t.from.(*contextFiles); ok {
		if _, err := c.stat(name); err == nil {
			return c.why(name)
		}
	}
	folder := path.Dir(name)
	names, err := t.from.list(folder)
	for err != nil && folder != "/" {
		folder = path.Dir(folder)
		names, err = t.from.list(folder)
	}
	if len(names) == 0 {
		return fmt.Sprintf("%s has no files", t.where)
	}
	if like, ok := suggest.Search(path.Base(name), names, false); ok {
		return fmt.Sprintf("did you mean %q?", path.Join(local(folder), like))
	}
	const most = 8
	if len(names) > most {
		names = append(names[:most:most], "…")
	}
	return fmt.Sprintf("%q has %s", local(folder), strings.Join(names, ", "))
}
