// Package archive is an image in files: an OCI layout, or an archive that was made
// elsewhere. It finds the image that is meant, and checks it before anybody hears of
// it. It builds nothing, sends nothing, and believes no name in an archive.
package archive

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/klauspost/compress/gzip"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// Source is an image in an OCI layout on disk.
type Source struct {
	Layout string     // folder
	Digest ref.Digest // the image there, or the index of images
}

// Open makes an OCI layout, below the folder scratch, of a tar that was made
// elsewhere: of an OCI layout, or by docker save; it may be packed with gzip. Where
// there are several images, want is the name, the tag or the digest of one of them.
//
// docker save writes both kinds into one tar. The OCI layout is taken if it is
// whole and its layers are compressed: its digest is what other tools know the
// image by. Else the layers are compressed here, the same each time.
//
// Every digest is checked. It fails with E_ARCHIVE for what is no such tar, is cut
// off, or has something in it that does not belong there, and where there is no room
// for it.
func Open(ctx context.Context, path, scratch, want string) (Source, error) {
	made, err := open(ctx, path, scratch, want)
	if err == nil {
		return made, nil
	}
	if ctx.Err() != nil {
		return Source{}, fmt.Errorf("archive %q: %w", path, context.Cause(ctx))
	}
	if _, told := errors.AsType[*fault.Fault](err); told {
		return Source{}, err
	}
	hint := "make it again, with `docker save`, `docker buildx build --output type=oci`, or `tar` of an OCI layout"
	if _, full := errors.AsType[*unwritten](err); full {
		hint = "see that the folder for temporary files can be written to and has room for the image; RUNNER_TEMP, or else TMPDIR, names it"
	}
	return Source{}, fault.New("E_ARCHIVE", hint, fmt.Errorf("archive %q: %w", path, err))
}

func open(ctx context.Context, path, scratch, want string) (Source, error) {
	file, err := os.Open(path)
	if err != nil {
		return Source{}, err
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.IsDir() {
		return Source{}, fault.Newf("E_ARCHIVE", "name the folder as an OCI layout", "archive %q: it is a folder", path)
	}
	plain, err := unpacked(bufio.NewReaderSize(whileWanted(ctx, file), 1<<20))
	if err != nil {
		return Source{}, err
	}
	dir, err := os.MkdirTemp(scratch, "archive-")
	if err != nil {
		return Source{}, &unwritten{err}
	}
	a := &archive{path: path, dir: dir, members: map[string]member{}}
	err = a.unpack(plain)
	var made Source
	if err == nil {
		made, err = a.choose(ctx, want)
	}
	if err != nil {
		os.RemoveAll(dir)
	}
	return made, err
}

// unpacked reads through gzip, if it is packed with it.
func unpacked(packed *bufio.Reader) (io.Reader, error) {
	begin, err := packed.Peek(4)
	switch {
	case errors.Is(err, io.EOF):
		return nil, fmt.Errorf("it is no tar: it has less than 4 bytes")
	case err != nil:
		return nil, err
	case bytes.HasPrefix(begin, gzipMagic):
		return gzip.NewReader(packed)
	case bytes.HasPrefix(begin, zstdMagic):
		return nil, fmt.Errorf("it is packed with zstd: unpack it with `unzstd` first")
	}
	return packed, nil
}

var (
	gzipMagic = []byte{0x1f, 0x8b}
	zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}
)

// archive is a tar that was unpacked. What a file is called there is never a name
// on disk.
type archive struct {
	path    string
	dir     string            // an OCI layout, or what becomes one
	members map[string]member // by their names in the tar
}

// member is a file in the tar, or a link to another one.
type member struct {
	file string // on disk
	link string // name in the tar
}

// choose takes what is there for what it is.
func (a *archive) choose(ctx context.Context, want string) (Source, error) {
	docker, hasDocker := a.members["manifest.json"]
	var ociErr error
	if index, ok := a.members["index.json"]; ok {
		var found v1.Descriptor
		if found, ociErr = a.oci(index, want, hasDocker); ociErr == nil {
			return a.finish(found)
		}
	}
	switch {
	case hasDocker:
		found, err := a.docker(ctx, docker, want)
		if err != nil {
			return Source{}, err
		}
		return a.finish(found)
	case ociErr != nil:
		return Source{}, ociErr
	case a.members["repositories"] != (member{}):
		return Source{}, fault.Newf("E_ARCHIVE", "load it and save it again: docker load, docker save",
			"archive %q: it was saved by a docker before 1.10, and has no manifest.json", a.path)
	}
	return Source{}, fmt.Errorf("it holds no image: there is neither index.json nor manifest.json at its top")
}

// oci finds the image in the OCI layout that an archive holds. It fails where that
// is not whole, or, if docker has saved it in another form beside, not compressed.
func (a *archive) oci(list member, want string, elsewhere bool) (v1.Descriptor, error) {
	data, err := readSmall(list.file)
	if err != nil {
		return v1.Descriptor{}, err
	}
	found, err := chooseEntry(data, want)
	if err != nil {
		return v1.Descriptor{}, err
	}
	_, err = inspect(a.dir, found, elsewhere) // every digest was compared on the way in
	return found, err
}

// finish makes an OCI layout with one image.
func (a *archive) finish(found v1.Descriptor) (Source, error) {
	index := v1.IndexManifest{SchemaVersion: 2, MediaType: "application/vnd.oci.image.index.v1+json", Manifests: []v1.Descriptor{found}}
	for name, content := range map[string]any{"index.json": index, "oci-layout": map[string]string{"imageLayoutVersion": "1.0.0"}} {
		if err := writeJSON(filepath.Join(a.dir, name), content); err != nil {
			return Source{}, err
		}
	}
	return Source{Layout: a.dir, Digest: ref.Digest(found.Digest.String())}, nil
}
