package infra

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// readings are the selected files of a plain folder. A folder may hold more than
// memory should: each file is read once for its hash, and again when it is asked
// for, and is stale if it changed in between.
type readings struct {
	*memory // the names
	root    *os.Root
	sums    map[string][sha256.Size]byte
}

// newReadings reads the files of the entries, several at a time.
func newReadings(ctx context.Context, root *os.Root, entries []entry) (*readings, error) {
	sums := make([][sha256.Size]byte, len(entries))
	var all errgroup.Group
	all.SetLimit(runtime.GOMAXPROCS(0))
	const batch = 100
	for from := 0; from < len(entries); from += batch {
		all.Go(func() (err error) {
			for i := from; i < min(from+batch, len(entries)) && err == nil; i++ {
				sums[i], err = sum(ctx, root, entries[i].path)
			}
			return err
		})
	}
	if err := all.Wait(); err != nil {
		return nil, err
	}
	r := &readings{root: root, sums: make(map[string][sha256.Size]byte, len(entries))}
	r.memory = newMemory(entries, func(entry) ([]byte, bool) { return nil, false })
	for i, e := range entries {
		r.sums[e.path] = sums[i]
	}
	return r, nil
}

// sum is the hash of a file.
func sum(ctx context.Context, root *os.Root, name string) ([sha256.Size]byte, error) {
	if ctx.Err() != nil {
		return [sha256.Size]byte{}, context.Cause(ctx)
	}
	data, err := root.ReadFile(name)
	if errors.Is(err, fs.ErrPermission) {
		err = fault.New("E_INFRA_FOLDER", "make the file readable, or take it out by `exclude`", err)
	}
	return sha256.Sum256(data), err
}

// Open implements fs.FS.
func (r *readings) Open(name string) (fs.File, error) {
	n, err := r.find("open", name)
	if err != nil || n.IsDir() {
		return r.memory.Open(name)
	}
	data, err := r.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return &openFile{Reader: bytes.NewReader(data), node: n}, nil
}

// ReadFile implements fs.ReadFileFS. It fails with ErrStale where the file is
// not what it was.
func (r *readings) ReadFile(name string) ([]byte, error) {
	n, err := r.find("read", name)
	if err != nil || n.IsDir() {
		return r.memory.ReadFile(name)
	}
	data, err := r.root.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err != nil || !r.same(name, data) {
		return nil, fmt.Errorf("%s: %w", name, ErrStale)
	}
	return data, nil
}

// same reports what a file held when it was read first. One that was not
// selected was not read, so that there is nothing to compare.
func (r *readings) same(name string, data []byte) bool {
	sum, read := r.sums[name]
	return !read || sum == sha256.Sum256(data)
}
