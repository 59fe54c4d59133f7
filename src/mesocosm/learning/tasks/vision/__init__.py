"""Images to features: a pretrained base that sees, or filters learnt from the images themselves."""
