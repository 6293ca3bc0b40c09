package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// marked are the fields of a file that markers speak of.
func (e *edit) marked(s source) (all []said) {
	if !bytes.Contains(s.src, []byte(markerWord)) {
		return nil
	}
	told := map[int]bool{}
	wrong := func(line int, err error) {
		told[line] = true
		e.fault(s.file, line, fault.New("E_MARKER", markerHint, err))
	}
	found := markers(s, wrong)
	for _, m := range found {
		told[m.line] = true
	}
	e.strayMarkers(s, told)
	named := s.repositories(found)
	for _, m := range found {
		if s.said[m.id()] {
			continue
		}
		field := said{scalar: m.scalar, role: m.role}
		repository, err := e.ownerOf(m, s, named)
		if err != nil {
			wrong(m.line, fmt.Errorf("%s: %w", m.path, err))
		}
		if repository == e.to.Image.Repository {
			field.image = e.to.Image
		}
		field.settled = s.inParts(m.scalar, e.to.Image.Repository)
		all = append(all, field)
	}
	return all
}

// ownerOf is the image that a marker means, in a file that names some.
func (e *edit) ownerOf(m marker, s source, named []ref.Repository) (ref.Repository, error) {
	if known, err := m.owner(s.found); err != nil || known != (ref.Repository{}) {
		return known, err
	}
	ours := e.names.line(s.src) > 0 || len(s.places) > 0 // which are addressed
	for _, other := range named {
		if other != e.to.Image.Repository {
			return ref.Repository{}, fmt.Errorf("the marker does not say of which image it is, and the file names %s, too; write it out: `# tagboat: %s %s`", other, m.role, e.to.Image.Repository)
		}
		ours = true
	}
	if !ours {
		return ref.Repository{}, nil
	}
	return e.to.Image.Repository, nil
}

// owner is the image that a marker names, that its value names, or that the
// fields around it do; zero where none of them says.
func (m marker) owner(f *found) (ref.Repository, error) {
	if m.image != (ref.Repository{}) {
		return m.image, nil
	}
	if m.role == roleImage {
		_, value := assigned(m.value())
		image, err := ref.ParseImage(value)
		if err != nil {
			return ref.Repository{}, fmt.Errorf("the value %s names no image, and the marker none either", abridged(m.value()))
		}
		return image.Repository, nil
	}
	for _, p := range f.places {
		if !m.isOf(p) {
			continue
		}
		if image, err := p.names(); err == nil {
			return image.Repository, nil
		}
	}
	return ref.Repository{}, nil
}

// isOf reports a marked field that is part of a place.
func (m marker) isOf(p place) bool {
	return slices.ContainsFunc(p.scalars(), func(s scalar) bool { return s.node == m.node && s.id() == m.id() })
}

// repositories are those that the places and the markers of a file name, each once.
func (s source) repositories(all []marker) (named []ref.Repository) {
	seen := map[ref.Repository]bool{{}: true}
	add := func(r ref.Repository, err error) {
		if err == nil && !seen[r] {
			seen[r] = true
			named = append(named, r)
		}
	}
	for _, p := range s.found.places {
		image, err := p.names()
		add(image.Repository, err)
	}
	for _, m := range all {
		add(m.owner(s.found))
	}
	return named
}

// strayMarkers tells of markers that stand behind no value: on a line of their
// own they may be an explanation, behind something else they are meant.
func (e *edit) strayMarkers(s source, told map[int]bool) {
	for _, at := range markerLine.Regexp().FindAllIndex(s.src, -1) {
		if line := lineOf(s.src, at[0]); !told[line] {
			const text = "a marker stands behind no value and is not read"
			if before := s.src[bytes.LastIndexByte(s.src[:at[0]], '\n')+1 : at[0]]; len(bytes.TrimSpace(before)) > 0 {
				e.fault(s.file, line, fault.New("E_MARKER", "put it on a line on which nothing but the value stands before it", errors.New(text)))
				continue
			}
			e.warn(s.file, line, text+": put it on the line of the value")
		}
	}
}

// markedReferences are the references that markers alone tell of.
func markedReferences(s source) (all []Reference, wrong []Warning) {
	found := markers(s, func(line int, err error) { wrong = append(wrong, Warning{s.file, line, err.Error()}) })
	for _, m := range found {
		shaped := slices.ContainsFunc(s.found.places, func(p place) bool { return m.isOf(p) })
		repository, err := m.owner(s.found)
		if shaped || err != nil || repository == (ref.Repository{}) {
			continue
		}
		all = append(all, Reference{s.file, m.line, m.path.String(), m.reference(repository)})
	}
	return all, wrong
}

// reference is the image that a marked value stands for.
func (m marker) reference(repository ref.Repository) ref.Image {
	image := ref.Image{Repository: repository}
	_, value := assigned(m.value())
	switch m.role {
	case roleImage:
		if whole, err := ref.ParseImage(value); err == nil {
			image.Tag, image.Digest = whole.Tag, whole.Digest
		}
	case roleTag, roleVersion:
		image.Tag, _ = ref.ParseTag(value)
	case roleDigest:
		image.Digest, _ = ref.ParseDigest(digestPrefix(value) + value)
	}
	return image
}
