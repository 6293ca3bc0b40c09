package archive

import (
	"cmp"
	"context"
	"fmt"
	"hash"
	"io"
	"os"
	"runtime"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"
)

// hashAll compares blobs with their digests, as many at once as there are
// processors, the largest first. Of several that are damaged it tells of the largest.
func hashAll(ctx context.Context, dir string, blobs []v1.Descriptor) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	blobs = slices.SortedStableFunc(slices.Values(blobs), func(a, b v1.Descriptor) int { return cmp.Compare(b.Size, a.Size) })
	damaged := make([]error, len(blobs))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, blob := range blobs {
		group.Go(func() error {
			damaged[i] = hashOne(ctx, root, blob.Digest)
			return nil
		})
	}
	group.Wait()
	if at := slices.IndexFunc(damaged, func(err error) bool { return err != nil }); at >= 0 {
		return damaged[at]
	}
	return nil
}

func hashOne(ctx context.Context, root *os.Root, digest v1.Hash) error {
	file, _, err := openIn(root, blobFile(digest))
	if err != nil {
		return err
	}
	defer file.Close()
	return compare(digest, whileWanted(ctx, file))
}

// compare reads a blob to its end.
func compare(digest v1.Hash, content io.Reader) error {
	sum, err := v1.Hasher(digest.Algorithm)
	if err != nil {
		return err
	}
	if _, err := io.CopyBuffer(sum, content, make([]byte, 128<<10)); err != nil {
		return err
	}
	if got := hashOf(digest.Algorithm, sum); got != digest {
		return fmt.Errorf("blob %s is damaged: the content is %s", digest, got)
	}
	return nil
}

func hashOf(algorithm string, sum hash.Hash) v1.Hash {
	return v1.Hash{Algorithm: algorithm, Hex: fmt.Sprintf("%x", sum.Sum(nil))}
}

// whileWanted reads until the context ends.
func whileWanted(ctx context.Context, from io.Reader) io.Reader {
	return readFunc(func(p []byte) (int, error) {
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		return from.Read(p)
	})
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }
