"""Images to features: a pretrained image base, or filters fitted on the images themselves."""
