package build

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

// expose adds ports. A variable may hold several.
func (b *building) expose(s *stage, c *instructions.ExposeCommand) error {
	lex := shell.NewLex(b.plan.file.escape)
	var ports []string
	for _, word := range c.Ports {
		expanded, err := lex.ProcessWords(word, s.env)
		if err != nil {
			return err
		}
		for _, port := range expanded {
			range_, err := parsePorts(port)
			if err != nil {
				return err
			}
			ports = append(ports, range_...)
		}
	}
	if s.image.Config.ExposedPorts == nil {
		s.image.Config.ExposedPorts = map[string]struct{}{}
	}
	for _, port := range ports {
		s.image.Config.ExposedPorts[port] = struct{}{}
	}
	b.commit(s, false, "EXPOSE %v", ports)
	return nil
}

// parsePorts reads port[-port][/protocol] and lists each port as port/protocol.
func parsePorts(s string) ([]string, error) {
	wrong := fmt.Errorf("EXPOSE %s is not a port such as 80, 80/udp or 8000-8010", s)
	numbers, protocol, _ := strings.Cut(s, "/")
	switch protocol = strings.ToLower(protocol); protocol {
	case "":
		protocol = "tcp"
	case "tcp", "udp", "sctp":
	default:
		return nil, wrong
	}
	first, last, isRange := strings.Cut(numbers, "-")
	if !isRange {
		last = first
	}
	from, err := strconv.ParseUint(first, 10, 16)
	if err != nil {
		return nil, wrong
	}
	to, err := strconv.ParseUint(last, 10, 16)
	if err != nil || to < from {
		return nil, wrong
	}
	var ports []string
	for port := from; port <= to; port++ {
		ports = append(ports, fmt.Sprintf("%d/%s", port, protocol))
	}
	return ports, nil
}
