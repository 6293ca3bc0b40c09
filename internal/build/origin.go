package build

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
)

// Origin says what an image is made of. Images of one Origin differ in what they
// say of their commit, and in what their builds fetched: base images, packages.
// Neither hash can be read back.
type Origin struct {
	Files  string // sha256:… of the Dockerfile and of what the context holds, ignored files aside
	Inputs string // sha256:… of target, platform, builder, build arguments and labels
}

// originSchema stands in both hashes: a number for each meaning that they had.
const originSchema = 2

// ofEvent are labels that say of which commit an image is and when it was made,
// not what is in it.
var ofEvent = []string{"org.opencontainers.image.revision", "org.opencontainers.image.created"}

// OriginOf reads all files that the builder of this name may take. It fails where
// they are not all: where .git goes into the image, which no two checkouts have
// in common.
func OriginOf(ctx context.Context, r Request, builder string) (Origin, error) {
	files, err := filesSum(ctx, r, builder)
	if err != nil {
		return Origin{}, err
	}
	inputs, err := inputsSum(r, builder)
	return Origin{Files: files, Inputs: inputs}, err
}

// inputsSum is the hash of what is asked for beside the files. The platform is
// always said: the machine of another run may have another one.
func inputsSum(r Request, builder string) (string, error) {
	if builder == (Buildx{}).Name() {
		r = withPlatform(r)
	}
	platform := host()
	if r.Platform != "" {
		var err error
		if platform, err = parsePlatform(r.Platform); err != nil {
			return "", err
		}
	}
	labels := maps.Clone(r.Labels)
	for _, name := range ofEvent {
		delete(labels, name)
	}
	data, err := json.Marshal(struct {
		Schema                    int
		Target, Platform, Builder string
		Args, Labels              map[string]string
	}{originSchema, r.Target, platform.String(), builder, maps.Clone(r.Args), labels})
	sum := sha256.Sum256(data)
	return fmt.Sprintf("sha256:%x", sum), err
}

// filesSum is the hash of the Dockerfile and of the context. Everything counts
// that an image can hold of a file, as it is on disk and not as a commit has it:
// so do files that no commit has, and what filters of git made of the others.
// Modes count as this builder keeps them.
func filesSum(ctx context.Context, r Request, builder string) (string, error) {
	dockerfile, err := os.ReadFile(dockerfilePath(r))
	if err != nil {
		return "", err
	}
	from, err := openContext(r)
	if err != nil {
		return "", err
	}
	defer from.root.Close()
	from.exact = builder == (Buildx{}).Name()
	w := &filesWriter{context: from, sum: sha256.New()}
	if _, err := from.lookup("/.git"); err == nil {
		if line, taken := takesGit(r); taken {
			return "", fmt.Errorf("%s:%d takes .git into the image, which no two checkouts have in common: name it in %s", dockerfilePath(r), line, from.ignoreName)
		}
		w.without = "/.git"
	}
	fmt.Fprintf(w.sum, "%d %d\n%s", originSchema, len(dockerfile), dockerfile)
	if err := w.walk(ctx, "/"); err != nil {
		return "", err
	}
	return fmt.Sprintf("sha256:%x", w.sum.Sum(nil)), nil
}

// filesWriter hashes a context in the order of its names.
type filesWriter struct {
	context *contextFiles
	sum     hash.Hash
	without string // a path that does not count
}

func (w *filesWriter) walk(ctx context.Context, name string) error {
	n, err := w.context.lookup(name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && (name == w.without || n.kind == 0) {
		return nil // ignored, or nothing that an image can hold
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(w.sum, "%q %c %o %d %q\n", name, n.kind, n.mode, n.size, n.link)
	switch n.kind {
	case tar.TypeReg:
		return w.file(ctx, name, n)
	case tar.TypeDir:
		names, err := w.context.list(name)
		if err != nil {
			return err
		}
		for _, child := range names {
			if err := w.walk(ctx, path.Join(name, child)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *filesWriter) file(ctx context.Context, name string, n *node) error {
	r, err := n.content.open(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	size, err := io.Copy(until(ctx, w.sum), r)
	if err == nil && size != n.size {
		err = fmt.Errorf("%s changed while it was read", name)
	}
	return err
}
