package manifest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/ref"
)

// reference is a field with a tag or a digest, at times of another image.
func (s *shapes) reference(key string) cell {
	if s.IntN(4) == 0 {
		return stays(key, s.pick("ghcr.io/acme/web-admin:v1", "quay.io/acme/web:v1@"+oldDigest))
	}
	was := s.pick(":v1", ":1.20", "@"+oldDigest, ":v1@"+oldDigest)
	want := ""
	if was[0] == ':' && s.to.Pin != PinDigest || s.to.Pin == PinBoth {
		want = ":" + string(s.to.Image.Tag)
	}
	if strings.Contains(was, "@") || s.to.Pin != PinTag {
		want += "@" + string(s.to.Image.Digest)
	}
	return becomes(key, "ghcr.io/acme/web"+was, "ghcr.io/acme/web"+want)
}

// parts are fields that together name an image, with those that the pin needs.
func (s *shapes) parts() []cell {
	names := [][]cell{
		{stays("repository", "ghcr.io/acme/web")},
		{stays("registry", "ghcr.io"), stays("repository", "acme/web")},
		{stays("registry", "ghcr.io/acme"), stays("repository", "web")},
		{stays(s.pick("image", "imageRepository", "imageName", "name"), "ghcr.io/acme/web")},
		{stays("registry", "ghcr.io"), stays("name", "acme/web")},
		{stays(s.pick("image_repository", "image_name"), "ghcr.io/acme/web")},
		{stays("repository", "ghcr.io/acme/web-admin")},
		{stays("repository", "quay.io/acme/web")},
	}
	if s.global {
		names = [][]cell{{stays("repository", "acme/web")}, {stays("repository", "acme/webs")}, {stays("repository", "ghcr.io/acme/web")}}
	}
	cells := names[s.IntN(len(names))]
	last := cells[len(cells)-1]
	ours := strings.HasSuffix(last.was, "web") && !strings.HasPrefix(last.was, "quay")
	hasTag := s.to.Pin == PinBoth || last.key == "name" || s.IntN(4) > 0
	hasDigest := s.to.Pin != PinTag || !hasTag || s.IntN(3) == 0
	part := func(key, was, want string, filled bool) {
		if !ours || was == "" && !filled {
			want = was
		}
		cells = append(cells, becomes(key, was, want))
	}
	if hasTag {
		part(s.pick("tag", "imageTag", "image_tag"), s.pick("v1", "1.20", "0123", ""), string(s.to.Image.Tag), s.to.Pin != PinDigest)
	}
	if hasDigest {
		was := oldDigest
		if hasTag {
			was = s.pick(oldDigest, "")
		}
		part(s.pick("digest", "imageDigest"), was, string(s.to.Image.Digest), s.to.Pin != PinTag)
	}
	return append(cells, stays("pullPolicy", "Always"))
}

// chart writes the values of a chart, with charts in it, and one that others share.
func (s *shapes) chart(indent string) {
	if s.global = s.IntN(4) == 0; s.global {
		s.line("%sglobal: {imageRegistry: ghcr.io}", indent)
	}
	s.values(indent, 0)
	if s.half() {
		s.line("%sshared: &image", indent)
		s.block(indent+"  ", indent+"  ", s.parts())
		s.line("%sfirst: {image: *image}", indent)
		s.both("%ssecond:\n%s  <<: *image\n%s  extra: 1\n", indent, indent, indent)
	}
	s.global = false
}

func (s *shapes) values(indent string, depth int) {
	for i := range 1 + s.IntN(3) {
		name := indent + s.pick("web", "a-b", `"ö"`)
		s.both("%s", s.pick("", "\n", indent+"# ghcr.io/acme/web:v1\n", fmt.Sprintf("%sx%dAnnotations: {image: 'ghcr.io/acme/web:v0'}\n", indent, i)))
		switch s.IntN(4) {
		case 0:
			s.block(indent, indent, []cell{s.reference(fmt.Sprintf("web%dImage", i)), stays(fmt.Sprint("port", i), "80")})
		case 1:
			was := s.pick("v1", "1.20")
			want := string(s.to.Image.Tag)
			if s.to.Pin != PinTag {
				was, want = oldDigest, string(s.to.Image.Digest)
			}
			if s.to.Pin != PinBoth {
				suffix := map[Pin]string{PinTag: s.pick("Tag", "ImageTag", "_image_tag"), PinDigest: s.pick("Digest", "_digest")}[s.to.Pin]
				s.block(indent, indent, []cell{stays(fmt.Sprintf("api%d%s", i, s.pick("Image", "_image", "Repository")), "ghcr.io/acme/web"), becomes(fmt.Sprintf("api%d%s", i, suffix), was, want)})
			}
			if depth < 3 {
				s.line("%ssub%d:", indent, i)
				s.values(indent+s.pick("  ", "    "), depth+1)
				break
			}
			fallthrough
		default:
			s.line("%s%d:", strings.Replace(name, `"ö"`, "ö", 1), i)
			s.either(indent+"  image:", indent+"    ", s.parts())
		}
	}
}

// entries writes images as kustomize has them.
func (s *shapes) entries(indent string) {
	s.line("%simages:", indent)
	for i := range 1 + s.IntN(3) {
		cells := []cell{stays("name", fmt.Sprint("web", i)), stays("newName", "ghcr.io/acme/web")}
		tag := becomes("newTag", s.pick("v1", "1.20"), string(s.to.Image.Tag))
		digest := becomes("digest", oldDigest, string(s.to.Image.Digest))
		switch draw := s.IntN(3); {
		case s.to.Pin == PinBoth || draw == 0:
			cells = append(cells, tag, digest)
		case draw == 1:
			cells = append(cells, digest)
		case s.to.Pin == PinDigest:
			cells = append(cells, cell{"newTag", "digest", tag.was, digest.want})
		default:
			cells = append(cells, tag)
		}
		s.either(indent+"- ", indent+"  ", cells)
	}
}

func (s *shapes) kustomization() {
	s.entries("")
	s.both("patches:\n")
	s.text("- patch:", "    ", func(in *shapes) {
		in.both("- {op: remove, path: /spec/image}\n- op: %s\n  path: /spec/containers/0/image\n", in.pick("replace", "test"))
		in.block("  ", "  ", []cell{in.reference("value")})
	})
	s.text("- patch:", "    ", func(in *shapes) {
		in.both("apiVersion: apps/v1\nkind: Deployment\nspec:\n  containers:\n")
		in.either("  - ", "    ", []cell{in.reference("image"), stays("name", "a")})
	})
	s.both("helmCharts:\n- name: web\n  valuesInline:\n")
	s.chart("    ")
}

func (s *shapes) application() {
	s.both("apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {annotations: {image: ghcr.io/acme/web}}\nspec:\n  sources:\n")
	s.both("  - helm:\n      valuesObject:\n")
	s.chart("        ")
	s.text("  - helm:\n      values:", "        ", func(in *shapes) { in.chart("") })
	s.both("  - helm:\n      parameters:\n")
	for _, c := range s.parts() {
		name := "web.image." + c.key
		s.both("      - name: %s\n        value: ", name)
		s.value(c)
		s.line("")
	}
	s.both("  - kustomize:\n      images:\n")
	for range 1 + s.IntN(3) {
		c, rename := s.reference(""), s.pick("", "web=")
		s.both("      - ")
		s.value(becomes("", rename+c.was, rename+c.want))
		s.line("")
	}
}

func (s *shapes) release() {
	s.both("apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nspec:\n  values:\n")
	s.chart("    ")
	s.both("  postRenderers:\n  - kustomize:\n")
	s.entries("      ")
}

func (s *shapes) compose() {
	bare := becomes("image", "ghcr.io/acme/web", "ghcr.io/acme/web"+suffix(s.to.Image, s.to.Pin))
	shared := []cell{bare, s.reference("image")}[s.IntN(2)]
	s.either("x-web: &web", "  ", []cell{shared, stays("restart", "always")})
	s.both("x-image: &image ")
	s.value(s.reference(""))
	s.line("\nservices:")
	s.both("  a:\n    <<: *web\n  b: {image: *image}\n")
	s.either("  c:", "    ", []cell{bare, stays("hostname", "ghcr.io")})
	s.either("  d:", "    ", []cell{s.reference("image"), stays("tty", "true")})
}

// file makes up one file and gives its name.
func (s *shapes) file() (name string) {
	s.both("%s", s.pick("", "", "---\n", "\uFEFF", "# ghcr.io/acme/web\n\n"))
	switch s.IntN(5) {
	case 0:
		s.chart("")
		return "values.yaml"
	case 1:
		s.compose()
		return "compose.yaml"
	case 2:
		s.kustomization()
		return "kustomization.yaml"
	case 3:
		s.application()
		return "application.yaml"
	}
	s.release()
	return "release.yaml"
}

// Whatever shape names the image, what is its own changes and nothing else does;
// a second edit changes nothing; and the way there leads back, too.
func TestShapesChangeExactly(t *testing.T) {
	to := Target{Image: mustImage(t, "ghcr.io/acme/web:v1.2.3@"+newDigest)}
	there := Target{Image: to.Image}
	there.Image.Tag, there.Image.Digest = "v9", ref.Digest(strings.Replace(newDigest, "ab", "cd", 1))
	edited := 0
	for seed := range uint64(2200) {
		s := shapes{writer: writer{Rand: rand.New(rand.NewPCG(seed, 1))}}
		to.Pin = Pin(s.pick("tag", "digest", "both"))
		s.to, there.Pin = to, to.Pin
		name := s.file()
		was, want := s.was.String(), s.want.String()
		if s.IntN(4) == 0 {
			was, want = strings.ReplaceAll(was, "\n", "\r\n"), strings.ReplaceAll(want, "\n", "\r\n")
		}
		files := fstest.MapFS{name: {Data: []byte(was)}}
		for i, next := range []Target{to, to, there, to} {
			r, err := Edit(files, next)
			if err != nil && was == want {
				edited--
				break
			} else if err != nil {
				t.Fatalf("seed %d, edit %d: %v in\n%s", seed, i, err, files[name].Data)
			}
			files = overlay(t, files, r.Files)
			if got := string(files[name].Data); next.Image == to.Image && got != want {
				t.Fatalf("seed %d, edit %d, pin %s, in\n%s\n(-want +got)\n%s", seed, i, to.Pin, was, cmp.Diff(want, got))
			}
		}
		edited++
	}
	if edited < 1900 {
		t.Errorf("only %d files were edited", edited)
	}
}
