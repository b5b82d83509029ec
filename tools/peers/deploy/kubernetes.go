package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// manifests reads the documents of a file strictly, as kubectl apply
// --validate=strict does, and follows what they refer to: labels, volumes, ports.
func manifests(_ context.Context, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var services []corev1.Service
	var deployments []appsv1.Deployment
	for i, document := range bytes.Split(text, []byte("\n---\n")) {
		var kind struct{ APIVersion, Kind string }
		if err := yaml.Unmarshal(document, &kind); err != nil {
			return fmt.Errorf("document %d: %w", i+1, err)
		}
		switch kind.APIVersion + " " + kind.Kind {
		case "v1 Service":
			services = append(services, corev1.Service{})
			err = yaml.UnmarshalStrict(document, &services[len(services)-1])
		case "apps/v1 Deployment":
			deployments = append(deployments, appsv1.Deployment{})
			err = yaml.UnmarshalStrict(document, &deployments[len(deployments)-1])
		default:
			err = fmt.Errorf("%s %s is no kind that is read here: add it", kind.APIVersion, kind.Kind)
		}
		if err != nil {
			return fmt.Errorf("document %d: %w", i+1, err)
		}
	}
	var wrong []error
	for _, d := range deployments {
		wrong = append(wrong, hold(d)...)
	}
	for _, s := range services {
		if !served(s, deployments) {
			wrong = append(wrong, fmt.Errorf("service %s leads to no port of a deployment", s.Name))
		}
	}
	fmt.Printf("kubernetes.yaml: %d services, %d deployments\n", len(services), len(deployments))
	return errors.Join(wrong...)
}

// hold says what in a deployment leads nowhere.
func hold(d appsv1.Deployment) (wrong []error) {
	pod := d.Spec.Template
	if d.Spec.Selector == nil || !chosen(d.Spec.Selector.MatchLabels, pod.Labels) {
		wrong = append(wrong, fmt.Errorf("deployment %s does not choose its own pods", d.Name))
	}
	volumes := map[string]bool{}
	for _, v := range pod.Spec.Volumes {
		volumes[v.Name] = true
	}
	for _, c := range pod.Spec.Containers {
		for _, m := range c.VolumeMounts {
			if !volumes[m.Name] {
				wrong = append(wrong, fmt.Errorf("deployment %s: there is no volume %s", d.Name, m.Name))
			}
		}
		for _, p := range []*corev1.Probe{c.LivenessProbe, c.ReadinessProbe} {
			if p != nil && (p.HTTPGet == nil || !listens(c, p.HTTPGet.Port.StrVal)) {
				wrong = append(wrong, fmt.Errorf("deployment %s: a probe asks no port of %s", d.Name, c.Name))
			}
		}
	}
	return wrong
}

func served(s corev1.Service, deployments []appsv1.Deployment) bool {
	for _, d := range deployments {
		if !chosen(s.Spec.Selector, d.Spec.Template.Labels) {
			continue
		}
		for _, c := range d.Spec.Template.Spec.Containers {
			for _, p := range s.Spec.Ports {
				if listens(c, p.TargetPort.StrVal) {
					return true
				}
			}
		}
	}
	return false
}

func listens(c corev1.Container, port string) bool {
	for _, p := range c.Ports {
		if p.Name == port && port != "" {
			return true
		}
	}
	return false
}

// chosen reports whether a selector chooses what has these labels.
func chosen(selector, labels map[string]string) bool {
	for k, v := range selector {
		if labels[k] != v {
			return false
		}
	}
	return len(selector) > 0
}
