package build

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// stage is an image that is being made, instruction by instruction.
type stage struct {
	*stagePlan
	image  dockerspec.DockerOCIImage
	layers []*layer
	env    env   // what variables stand for: ENV and ARG, the later wins
	cmdSet bool  // this Dockerfile has set CMD, so ENTRYPOINT keeps it
	origin *base // the image that it began with, or nil
	files  *tree // nil while they are those of origin, unread
}

const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// stage builds stage i and what it needs, once.
func (b *building) stage(ctx context.Context, i int) (*stage, error) {
	if done, ok := b.stages[i]; ok {
		return done, nil
	}
	p := b.plan.stages[i]
	s, err := b.begin(ctx, p)
	if err != nil {
		return nil, placed(err, b.plan.file.name, p.line)
	}
	triggers, err := b.triggers(s)
	if err != nil {
		return nil, err
	}
	commands := append(triggers, p.commands...)
	for n, command := range commands {
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		b.logf("[%s %d/%d] %s", s.name, n+1, len(commands), command)
		if err := b.run(ctx, s, command); err != nil {
			return nil, err
		}
	}
	b.stages[i] = s
	return s, nil
}

// begin is a stage as its FROM line leaves it.
func (b *building) begin(ctx context.Context, p *stagePlan) (*stage, error) {
	s := &stage{stagePlan: p, env: env{}}
	if p.parent >= 0 {
		parent, err := b.stage(ctx, p.parent)
		if err != nil {
			return nil, err
		}
		s.inherit(parent)
		return s, nil
	}
	platform := b.plan.platform
	if p.platform != nil {
		platform = *p.platform
	}
	if p.base == scratch {
		s.files = newTree()
		s.image.OS, s.image.Architecture, s.image.Variant = platform.OS, platform.Architecture, platform.Variant
		s.image.Config.WorkingDir = "/"
	} else {
		found, err := b.base(ctx, p.base, platform)
		if err != nil {
			return nil, err
		}
		if err := found.matches(platform); err != nil {
			return nil, err
		}
		s.origin, s.image, s.layers = found, copyImage(found.config), slices.Clone(found.layers)
	}
	if !slices.ContainsFunc(s.image.Config.Env, func(v string) bool { return strings.HasPrefix(v, "PATH=") }) {
		s.image.Config.Env = append(s.image.Config.Env, "PATH="+defaultPath)
	}
	s.applyEnv()
	return s, nil
}

// applyEnv makes the image's ENV the variables that a stage begins with. It wins
// over what an ARG of the stage below has left.
func (s *stage) applyEnv() {
	for _, variable := range s.image.Config.Env {
		name, value, _ := strings.Cut(variable, "=")
		s.env[name] = value
	}
}

// inherit makes s begin as parent ended. Variables go along, also those of ARG.
func (s *stage) inherit(parent *stage) {
	s.origin, s.image, s.layers = parent.origin, copyImage(parent.image), slices.Clone(parent.layers)
	for name, value := range parent.env {
		s.env[name] = value
	}
	s.applyEnv()
	if parent.files != nil {
		s.files = parent.files.clone()
	}
}

// copyImage copies what instructions change in place.
func copyImage(from dockerspec.DockerOCIImage) dockerspec.DockerOCIImage {
	image := from
	image.History = slices.Clone(from.History)
	image.Config.Env = slices.Clone(from.Config.Env)
	image.Config.OnBuild = slices.Clone(from.Config.OnBuild)
	image.Config.Labels = cloneMap(from.Config.Labels)
	image.Config.Volumes = cloneMap(from.Config.Volumes)
	image.Config.ExposedPorts = cloneMap(from.Config.ExposedPorts)
	return image
}

// cloneMap is a map that can be written to.
func cloneMap[V any](from map[string]V) map[string]V {
	to := make(map[string]V, len(from))
	for key, value := range from {
		to[key] = value
	}
	return to
}

// triggers are the ONBUILD instructions that the base left for its children. They
// stand for the FROM line, so they have its number.
func (b *building) triggers(s *stage) ([]instructions.Command, error) {
	var commands []instructions.Command
	for _, line := range s.image.Config.OnBuild {
		wrong := func(err error) error {
			return b.plan.file.mistake(s.line, fmt.Errorf("the base image's ONBUILD %s: %w", line, err))
		}
		tree, err := parser.Parse(strings.NewReader(line))
		if err != nil {
			return nil, wrong(err)
		}
		if len(tree.AST.Children) != 1 {
			return nil, wrong(fmt.Errorf("it is not one instruction"))
		}
		one := tree.AST.Children[0]
		one.StartLine, one.EndLine = s.line, s.line
		command, err := instructions.ParseCommand(one)
		if err != nil {
			return nil, wrong(err)
		}
		if f := b.plan.unsupported(command); f != nil {
			f.Err = fmt.Errorf("the base image's ONBUILD %s: %w", line, f.Err)
			return nil, f
		}
		commands = append(commands, command)
	}
	s.image.Config.OnBuild = nil
	return commands, nil
}

// tree is the stage's file system, read from its layers when it is first needed.
func (s *stage) tree(ctx context.Context) (*tree, error) {
	if s.files == nil {
		files, err := s.origin.load(ctx)
		if err != nil {
			return nil, err
		}
		s.files = files.clone()
	}
	return s.files, nil
}

// commit adds an entry to the history, worded as BuildKit does.
func (b *building) commit(s *stage, made bool, format string, args ...any) {
	created := b.request.created()
	s.image.History = append(s.image.History, ocispec.History{
		Created: &created, CreatedBy: fmt.Sprintf(format, args...), Comment: "tagboat.native", EmptyLayer: !made,
	})
}

// layer writes what change does to the files of s as a layer, if that is anything.
func (b *building) layer(ctx context.Context, s *stage, change func(*tree) error) (bool, error) {
	files, err := s.tree(ctx)
	if err != nil {
		return false, err
	}
	files.layer++
	if err := change(files); err != nil {
		return false, err
	}
	var nodes []*node
	_ = files.walk(func(_ string, n *node) error {
		nodes = append(nodes, n)
		return nil
	})
	if len(nodes) == 0 {
		return false, nil
	}
	fetched, err := b.spool.fetch(ctx, nodes)
	if err != nil {
		return false, err
	}
	for _, n := range nodes {
		if c, ok := fetched[n.content]; ok {
			n.content = c
		}
	}
	made, err := b.store.writeLayer(ctx, files, b.request.created())
	if err != nil {
		return false, err
	}
	s.layers = append(s.layers, made)
	b.logf("  layer %s, %d files, %d bytes", made.Digest, len(nodes), made.Size)
	return true, b.spool.reset()
}
