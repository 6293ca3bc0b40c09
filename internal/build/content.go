package build

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// content is what is in a file, wherever it lies. Hard links are two files with
// equal contents, so every content is comparable.
type content interface {
	open(ctx context.Context) (io.ReadCloser, error)
}

// text is a content that stands in the Dockerfile itself.
type text struct{ data string }

func (t *text) open(context.Context) (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader([]byte(t.data))), nil
}

// onDisk is a file of the context.
type onDisk struct {
	root fs.FS
	name string
	mode fs.FileMode // its permission bits there; the image has those of the node
}

func (f *onDisk) open(context.Context) (io.ReadCloser, error) { return f.root.Open(f.name) }

// stored is the entry with this number in a layer's tar stream.
type stored struct {
	layer  *layer
	number int
}

func (s stored) open(ctx context.Context) (io.ReadCloser, error) {
	r, err := s.layer.open(ctx)
	if err != nil {
		return nil, err
	}
	entries := tar.NewReader(r)
	for range s.number + 1 {
		if _, err := entries.Next(); err != nil {
			return nil, errors.Join(fmt.Errorf("layer %s: %w", s.layer.Digest, err), r.Close())
		}
	}
	return struct {
		io.Reader
		io.Closer
	}{entries, r}, nil
}

// spool is a temporary file that holds many files one after the other, so that
// an archive is read once, in its own order, whatever order its files are needed in.
type spool struct {
	file *os.File
	end  int64
}

// section is a part of a spool.
type section struct {
	in        *spool
	start, at int64
}

func (s *section) open(context.Context) (io.ReadCloser, error) {
	return io.NopCloser(io.NewSectionReader(s.in.file, s.start, s.at-s.start)), nil
}

// add appends what r holds.
func (s *spool) add(ctx context.Context, r io.Reader) (*section, error) {
	n, err := io.Copy(until(ctx, io.NewOffsetWriter(s.file, s.end)), r)
	if err != nil {
		return nil, err
	}
	start := s.end
	s.end += n
	return &section{in: s, start: start, at: s.end}, nil
}

// reset forgets everything that was added; the sections are no longer valid.
func (s *spool) reset() error {
	s.end = 0
	return s.file.Truncate(0)
}

// fetch copies what nodes have in layers to the spool, reading each layer once,
// and says what stands for which.
func (s *spool) fetch(ctx context.Context, nodes []*node) (map[content]content, error) {
	numbers := map[*layer]map[int]bool{}
	var layers []*layer
	for _, n := range nodes {
		c, ok := n.content.(stored)
		if !ok {
			continue
		}
		if numbers[c.layer] == nil {
			numbers[c.layer] = map[int]bool{}
			layers = append(layers, c.layer)
		}
		numbers[c.layer][c.number] = true
	}
	found := map[content]content{}
	for _, l := range layers {
		if err := s.fetchFrom(ctx, l, numbers[l], found); err != nil {
			return nil, fmt.Errorf("layer %s: %w", l.Digest, err)
		}
	}
	return found, nil
}

func (s *spool) fetchFrom(ctx context.Context, l *layer, numbers map[int]bool, found map[content]content) error {
	r, err := l.open(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	entries := tar.NewReader(r)
	for number := 0; len(numbers) > 0; number++ {
		if _, err := entries.Next(); err != nil {
			return err
		}
		if !numbers[number] {
			continue
		}
		if found[stored{l, number}], err = s.add(ctx, entries); err != nil {
			return err
		}
		delete(numbers, number)
	}
	return nil
}
