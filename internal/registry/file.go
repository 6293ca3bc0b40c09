package registry

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// maxFile bounds what File holds in memory.
const maxFile = 16 << 20

// File reads one file of an image back from its registry, as a container would
// see it: upper layers cover lower ones, and links are not followed. It fails
// with E_IMAGE_FILE where there is no such regular file of at most 16 MiB.
func (c *Client) File(ctx context.Context, image ref.Image, name string) ([]byte, error) {
	s, found, err := c.get(ctx, image)
	if err != nil {
		return nil, err
	}
	one, err := c.choose(found)
	if err != nil {
		return nil, s.explain(ctx, err)
	}
	data, err := readFile(one, strings.TrimPrefix(path.Clean("/"+name), "/"))
	if err != nil {
		return nil, s.explain(ctx, fmt.Errorf("file %q of %s: %w", name, image, err))
	}
	return data, nil
}

// readFile looks through the flattened image, which streams by from the topmost
// layer down and ends where the file is found.
func readFile(image v1.Image, name string) ([]byte, error) {
	flat := mutate.Extract(image)
	defer flat.Close()
	for entries := tar.NewReader(flat); ; {
		entry, err := entries.Next()
		if errors.Is(err, io.EOF) {
			// A tar that breaks off is given a proper end; what went wrong comes after it.
			if _, err := io.Copy(io.Discard, flat); err != nil {
				return nil, err
			}
			return nil, fault.Newf("E_IMAGE_FILE", "check the path; it begins at the image's root", "there is no such file")
		}
		if err != nil {
			return nil, err
		}
		if entry.Name != name {
			continue
		}
		switch {
		case entry.Linkname != "":
			return nil, fault.Newf("E_IMAGE_FILE", "read "+entry.Linkname+" instead", "it is a link to %q", entry.Linkname)
		case entry.Typeflag != tar.TypeReg:
			return nil, fault.Newf("E_IMAGE_FILE", "name a file", "it is no regular file")
		case entry.Size > maxFile:
			return nil, fault.Newf("E_IMAGE_FILE", "copy it out of a container instead", "it has %d bytes, more than the %d that are read", entry.Size, maxFile)
		}
		return io.ReadAll(entries)
	}
}
